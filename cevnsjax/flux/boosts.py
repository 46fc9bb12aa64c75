"""From the frame of mesons that decay in flight to the laboratory, in the direction of a detector."""

import functools
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, gauss_legendre, is_concrete, legendre_polynomials, namespace
from cevnsjax.flux import rapidity

STEPS = tuple(0.05 * np.arange(193))
"""Rapidities between which particles in the frame of a meson are counted: up to those of a pion and 0.01 MeV."""

_ORDER = 3  # nodes of what is left of a step


def boosted(
    kinetic_over_mass: Float[Array, " cell"], angular_moments: Float[Array, "cell degree"], cosine: Scalar
) -> Float[Array, "cell node step"]:
    """What a particle in a step of rapidity in the frame of a meson is worth in the laboratory.

    A particle that is sent isotropically with rapidity x by a meson of rapidity y has, at an angle with the cosine c to
    the meson, the rapidity w with cosh x = cosh w cosh y - c sinh w sinh y: x lies between abs(w - y) and w + y. With
    f(x) dx/sinh(x) particles per unit of energy over mass in the meson's frame,

    dN/dw dOmega = sinh w/(4 pi) integral over x of f(x)/(sinh x sinh y) 2 A(c(x)) sinh x dx,

    and A the distribution of the angle between mesons and the detector's direction: of an axially symmetric beam sum_l
    (l + 1/2) a_l P_l(cos theta) P_l(c) with the moments a_l of the angles to the beam.

    No mass enters: where nothing is traced it is computed once, by NumPy.

    Parameters
    ----------
    kinetic_over_mass
        Kinetic energies of the mesons over their mass.
    angular_moments
        a_l of mesons of each energy.
    cosine
        cos theta of the angle between beam and detector.

    Returns
    -------
    Array
        Mean of A(c(x))/sinh(y) over each step of ``STEPS``, at the nodes of :mod:`cevnsjax.flux.rapidity`.
    """
    given = kinetic_over_mass, angular_moments, cosine
    if all(map(is_concrete, given)):
        return as_float(_on_host(*(np.asarray(each, np.float64).tobytes() for each in given), angular_moments.shape))
    return _boosted(*given)


@functools.lru_cache(maxsize=32)
def _on_host(kinetic: bytes, moments: bytes, cosine: bytes, shape: tuple[int, int]) -> np.ndarray:
    numbers = np.frombuffer(kinetic), np.frombuffer(moments).reshape(shape), np.frombuffer(cosine).reshape(())
    return _boosted(*numbers)


def _boosted(kinetic_over_mass, angular_moments, cosine) -> Any:
    xp = namespace(kinetic_over_mass)
    numbers = np.asarray if xp is np else as_float
    half_width = 0.5 * np.diff(rapidity.EDGES)[:, None]
    at = np.asarray(rapidity.EDGES)[:-1, None] + half_width * (1.0 + gauss_legendre(rapidity.ORDER)[0])
    at, steps = numbers(at.reshape(-1)), numbers(STEPS)
    degrees = angular_moments.shape[1]
    of_beam = xp.stack(legendre_polynomials(cosine, degrees))
    series = numbers(np.arange(degrees) + 0.5)[None] * of_beam[None] * angular_moments

    def of_meson(given):
        boost, terms = given
        nearest = xp.abs(at - boost)[:, None]
        low = xp.maximum(nearest, steps[None, :-1])
        high = xp.minimum((at + boost)[:, None], steps[None, 1:])
        half = 0.5 * xp.maximum(high - low, 0.0)
        opening = (xp.sinh(at) * xp.sinh(boost))[:, None]
        total = xp.zeros_like(half)
        for abscissa, weight in zip(*(x.tolist() for x in gauss_legendre(_ORDER)), strict=True):
            x = low + half * (1.0 + abscissa)
            # cosh x - cosh(w - y), without cancellation
            above = 2.0 * xp.sinh(0.5 * (x + nearest)) * xp.sinh(0.5 * (x - nearest))
            polynomials = legendre_polynomials(xp.clip(1.0 - above / opening, -1.0, 1.0), degrees)
            total = total + weight * sum(terms[degree] * polynomials[degree] for degree in range(degrees))
        return half * total / (xp.sinh(boost) * xp.diff(steps)[None])

    mesons = xp.arccosh(1.0 + kinetic_over_mass), series
    if xp is np:
        return np.stack([of_meson(each) for each in zip(*mesons, strict=True)])
    return jax.lax.map(of_meson, mesons)
