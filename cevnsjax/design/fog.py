"""The neutrino fog: where a better limit on WIMPs costs more than the statistics of a background.

A discovery limit sigma(N) is the cross section that an experiment of exposure N finds with three standard deviations in
the median. Without a background it falls like 1/N, above a known one like N^(-1/2), and slower where what is not known
of the background looks like the signal. The opacity n = -(d ln sigma/d ln N)^-1 says which: the fog begins where it
exceeds 2; C. A. J. O'Hare, Phys. Rev. Lett. 127, 251802 (2021).
"""

import math
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative, check_positive, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.program import program

DISCOVERY = 9.0
"""Twice the difference of log-likelihoods of a discovery: three standard deviations, squared."""

EXPOSURES_T_YR = (1e-5, 1e10)
"""Exposures between which the fog is looked for, t yr: those of O'Hare; nothing is built for either end."""

_STEPS_PER_DECADE = 8  # of exposures between which the opacity is looked at
_MOST_STEPS = 200  # of Newton's method
_TOLERANCE = 1e-11
_LEAST_LEFT = 0.3  # of the expectation of a bin after a step
_LARGEST_STEP = 2.0  # of the logarithm of the cross section
_BISECTIONS = 44  # of an interval of exposures: to rounding
_FLOOR_PER_T_YR = 1e-20  # of a bin without any neutrino, so that a logarithm has a value
_SMALL = 1e-3


class Fog(eqx.Module):
    """Events of WIMPs and of neutrinos in the bins of a detector, and how well the fluxes are known.

    Any experiment's counts may stand here: those of `cevnsjax.design.recoil_fog` are of nuclear recoils, seen as they
    are.

    Attributes
    ----------
    mass_MeV
        Masses of the WIMP, MeV, shape ``[mass]``.
    signal_per_t_yr
        Events of each mass for sigma_p = 1e-45 cm^2, shape ``[mass, bin]``, (t yr)^-1.
    background_per_t_yr
        Events of each source of neutrinos, shape ``[source, bin]``, (t yr)^-1.
    uncertainty
        Relative standard deviation of the flux of each source, shape ``[source]``; zero for one that is known.
    """

    mass_MeV: Float[Array, " mass"] = eqx.field(converter=as_float)
    signal_per_t_yr: Float[Array, "mass bin"] = eqx.field(converter=as_float)
    background_per_t_yr: Float[Array, "source bin"] = eqx.field(converter=as_float)
    uncertainty: Float[Array, " source"] = eqx.field(converter=as_float)

    def __check_init__(self):
        if self.signal_per_t_yr.dtype != jnp.float64:
            # n is a ratio of differences of likelihoods of up to 1e18 events
            raise CevnsjaxError('A fog needs double precision: jax.config.update("jax_enable_x64", True).')
        masses, bins = self.signal_per_t_yr.shape
        if self.mass_MeV.shape != (masses,) or self.background_per_t_yr.shape != (self.uncertainty.shape[0], bins):
            raise CevnsjaxError(
                "mass_MeV, signal_per_t_yr, background_per_t_yr and uncertainty must have shapes [mass], [mass, bin], "
                f"[source, bin] and [source], got {self.mass_MeV.shape}, {self.signal_per_t_yr.shape}, "
                f"{self.background_per_t_yr.shape} and {self.uncertainty.shape}."
            )
        check_positive("mass_MeV", self.mass_MeV, "MeV")
        check_not_negative("signal_per_t_yr", self.signal_per_t_yr, "(t yr)^-1")
        check_not_negative("background_per_t_yr", self.background_per_t_yr, "(t yr)^-1")
        check_not_negative("uncertainty", self.uncertainty, "")


class DiscoveryLimits(NamedTuple):
    """Discovery limits, and how fast they fall.

    Attributes
    ----------
    cross_section_1e45cm2
        sigma_p that is found, 1e-45 cm^2, shape ``[mass, exposure]``.
    opacity
        n, shape ``[mass, exposure]``.
    norms
        What the fluxes seem to be, relative to their nominal values, to who believes in no WIMP, shape ``[mass,
        exposure, source]``.
    """

    cross_section_1e45cm2: Float[Array, "mass exposure"]
    opacity: Float[Array, "mass exposure"]
    norms: Float[Array, "mass exposure source"]


class FogLine(NamedTuple):
    """Where the fog begins.

    Attributes
    ----------
    cross_section_1e45cm2
        The largest sigma_p at which the opacity has the value asked for, 1e-45 cm^2, shape ``[mass]``; not a number
        where no exposure leads to it, or no WIMP is seen at all.
    exposure_t_yr
        Exposure whose discovery limit that is, t yr, shape ``[mass]``.
    """

    cross_section_1e45cm2: Float[Array, " mass"]
    exposure_t_yr: Float[Array, " mass"]


class _Point(NamedTuple):
    """What is found at one exposure: pulls of the fluxes in standard deviations, and the logarithm of sigma."""

    pulls: Float[Array, " source"]
    log_sigma: Scalar


class _Rates(NamedTuple):
    """Events of one mass, and of every source for its flux and for a standard deviation of it, (t yr)^-1."""

    signal: Float[Array, " bin"]
    nominal: Float[Array, " bin"]
    spread: Float[Array, "source bin"]


class _Terms(NamedTuple):
    """The test statistic and its derivatives at a point.

    Attributes
    ----------
    statistic, of_counts
        q, and the part of it that counts make: the rest are the pulls.
    slope
        dq/d ln sigma at given pulls; at the best ones, of the best q too.
    gradient, curvature
        Derivatives of q/2 in the pulls.
    mixed
        Derivative of the gradient in ln sigma.
    relative
        Of the expectation of each bin, for a step of the pulls.
    """

    statistic: Scalar
    of_counts: Scalar
    slope: Scalar
    gradient: Float[Array, " source"]
    curvature: Float[Array, "source source"]
    mixed: Float[Array, " source"]
    relative: Float[Array, "source bin"]


def discovery_limits(fog: Fog, exposure_t_yr: Float[Array, " exposure"]) -> DiscoveryLimits:
    """Discovery limits at exposures, and the opacity there.

    The median is that of the Asimov data of a WIMP; nothing but the fluxes is profiled, each with its Gaussian prior;
    q = 9 as the asymptotic distribution has it. The opacity is exact: profiled fluxes are at an extremum, so n =
    (dq/d ln sigma)/(dq/d ln N) at given ones, and q is proportional to N but for the priors. Everything may be
    differentiated once.

    Parameters
    ----------
    fog
        Events, and how well fluxes are known.
    exposure_t_yr
        Exposures, t yr, increasing.

    Raises
    ------
    CevnsjaxError
        If they are not positive, or do not increase.
    """
    check_positive("exposure_t_yr", exposure_t_yr, "t yr")
    if is_concrete(exposure_t_yr) and not jnp.all(jnp.diff(exposure_t_yr) > 0.0):
        raise CevnsjaxError("exposure_t_yr must increase.")
    return _limits(fog, jnp.log(as_float(exposure_t_yr)))


def fog_line(fog: Fog, opacity: float = 2.0) -> FogLine:
    """The largest cross section at which the opacity has a value, for each mass: the line of O'Hare for n = 2.

    Looked for from small exposures to large ones, and then found to rounding. May be differentiated once.

    Parameters
    ----------
    fog
        Events, and how well fluxes are known.
    opacity
        n, above 1.

    Raises
    ------
    CevnsjaxError
        If the opacity is not above 1.
    """
    if is_concrete(opacity) and not opacity > 1.0:
        raise CevnsjaxError(f"opacity must be above 1, that of an experiment without background, got {opacity:g}.")
    return _line(fog, as_float(opacity))


def _rates(fog: Fog, signal: Float[Array, " bin"]) -> _Rates:
    nominal = fog.background_per_t_yr.sum(axis=0) + _FLOOR_PER_T_YR
    return _Rates(signal, nominal, fog.background_per_t_yr * fog.uncertainty[:, None])


def _excess(ratio: Float[Array, " bin"]) -> Float[Array, " bin"]:
    """(1 + r) ln(1 + r) - r, without cancellation."""
    small = jnp.abs(ratio) < _SMALL
    tiny, safe = jnp.where(small, ratio, 0.0), jnp.where(small, 1.0, ratio)
    series = tiny**2 * (0.5 - tiny * (1.0 / 6.0 - tiny * (1.0 / 12.0 - tiny / 20.0)))
    return jnp.where(small, series, (1.0 + safe) * jnp.log1p(safe) - safe)


def _terms(rates: _Rates, log_exposure: Scalar, point: _Point) -> _Terms:
    exposure = jnp.exp(log_exposure)
    wimps = exposure * jnp.exp(point.log_sigma) * rates.signal
    pulled = exposure * jnp.matmul(point.pulls, rates.spread, precision="highest")
    expected = exposure * rates.nominal + pulled  # without WIMPs
    ratio = (wimps - pulled) / expected  # data over expectation, less one
    relative = exposure * rates.spread / expected[None]
    of_counts = 2.0 * (expected * _excess(ratio)).sum()
    weight = expected * (1.0 + ratio)
    return _Terms(
        of_counts + (point.pulls**2).sum(),
        of_counts,
        2.0 * (wimps * jnp.log1p(ratio)).sum(),
        point.pulls - jnp.matmul(relative, expected * ratio, precision="highest"),
        jnp.eye(len(point.pulls)) + jnp.matmul(relative * weight[None], relative.T, precision="highest"),
        -jnp.matmul(relative, wimps, precision="highest"),
        relative,
    )


def _solve(curvature: Float[Array, "source source"], vector: Float[Array, " source"]) -> Float[Array, " source"]:
    scale = 1.0 / jnp.sqrt(jnp.diagonal(curvature))
    factor = jax.scipy.linalg.cho_factor(curvature * scale[:, None] * scale[None, :])
    return scale * jax.scipy.linalg.cho_solve(factor, scale * vector)


def _found(rates: _Rates, log_exposure: Scalar, start: _Point) -> _Point:
    """Where q = 9 with the best pulls, by Newton's method in both.

    q grows with sigma between linearly and like its square, so ln q is nearly straight in ln sigma; it is convex in the
    pulls. No step takes more from an expectation than leaves a good part of it.
    """

    def step(state: tuple[_Point, Scalar, Array]) -> tuple[_Point, Scalar, Array]:
        point, _, number = state
        terms = _terms(rates, log_exposure, point)
        by_sigma = -jnp.log(terms.statistic / DISCOVERY) * terms.statistic / terms.slope
        by_sigma = jnp.clip(by_sigma, -_LARGEST_STEP, _LARGEST_STEP)
        pulls = -_solve(terms.curvature, terms.gradient + terms.mixed * by_sigma)
        lowered = -jnp.min(jnp.matmul(pulls, terms.relative, precision="highest"))
        part = jnp.minimum(1.0, (1.0 - _LEAST_LEFT) / jnp.maximum(lowered, _SMALL))
        moved = jnp.maximum(jnp.abs(by_sigma), jnp.max(jnp.abs(pulls) / (1.0 + jnp.abs(point.pulls)), initial=0.0))
        return _Point(point.pulls + part * pulls, point.log_sigma + part * by_sigma), moved, number + 1

    def goes_on(state: tuple[_Point, Scalar, Array]) -> Array:
        _, moved, number = state
        return (moved > _TOLERANCE) & (number < _MOST_STEPS)

    infinite = jnp.full_like(start.log_sigma, jnp.inf)
    return jax.lax.while_loop(goes_on, step, (start, infinite, jnp.asarray(0)))[0]


def _with_derivatives(rates: _Rates, log_exposure: Scalar, point: _Point) -> _Point:
    """The same point as a function of everything, by the implicit function theorem: one more step of Newton's method.

    The derivatives of the equations' solution are those of this step, with what it divides by held.
    """
    point = jax.lax.stop_gradient(point)
    terms = _terms(rates, log_exposure, point)
    held = jax.lax.stop_gradient(terms)
    by_sigma = -jnp.log(terms.statistic / DISCOVERY) * held.statistic / held.slope
    pulls = -_solve(held.curvature, terms.gradient + held.mixed * by_sigma)
    return _Point(point.pulls + pulls, point.log_sigma + by_sigma)


def _opacity(rates: _Rates, log_exposure: Scalar, point: _Point) -> Scalar:
    terms = _terms(rates, log_exposure, point)
    return terms.slope / terms.of_counts


def _along(rates: _Rates, log_exposures: Float[Array, " exposure"]) -> _Point:
    """Points at increasing exposures, each beginning with the one before."""
    held = jax.lax.stop_gradient(rates)

    def at(point: _Point, log_exposure: Scalar) -> tuple[_Point, _Point]:
        found = _found(held, log_exposure, point)
        return found, found

    # at a discovery without background there are a few events
    first = math.log(DISCOVERY) - jnp.log(held.signal.sum()) - log_exposures[0]
    return jax.lax.scan(at, _Point(jnp.zeros(rates.spread.shape[0]), first), log_exposures)[1]


@program
def _limits(fog: Fog, log_exposures: Float[Array, " exposure"]) -> DiscoveryLimits:
    def of_mass(signal: Float[Array, " bin"]) -> tuple[Array, Array, Array]:
        rates = _rates(fog, signal)
        points = _along(rates, log_exposures)
        points = jax.vmap(lambda log_exposure, point: _with_derivatives(rates, log_exposure, point))(
            log_exposures, points
        )
        opacity = jax.vmap(lambda log_exposure, point: _opacity(rates, log_exposure, point))(log_exposures, points)
        return jnp.exp(points.log_sigma), opacity, 1.0 + points.pulls * fog.uncertainty[None]

    return DiscoveryLimits(*jax.vmap(of_mass)(fog.signal_per_t_yr))


@program
def _line(fog: Fog, opacity: Scalar) -> FogLine:
    first, last = map(math.log, EXPOSURES_T_YR)
    steps = round(_STEPS_PER_DECADE * (last - first) / math.log(10.0))
    log_exposures = jnp.linspace(first, last, steps + 1)

    def of_mass(signal: Float[Array, " bin"]) -> tuple[Array, Array]:
        rates = _rates(fog, signal)
        held = jax.lax.stop_gradient(rates)
        points = _along(rates, log_exposures)
        opacities = jax.vmap(lambda log_exposure, point: _opacity(held, log_exposure, point))(log_exposures, points)
        beyond = opacities >= opacity
        place = jnp.maximum(jnp.argmax(beyond), 1)
        there = jnp.any(beyond) & ~beyond[0]

        def halve(_, state: tuple[Scalar, Scalar, _Point]) -> tuple[Scalar, Scalar, _Point]:
            low, high, point = state
            middle = 0.5 * (low + high)
            point = _found(held, middle, point)
            is_beyond = _opacity(held, middle, point) >= opacity
            return jnp.where(is_beyond, low, middle), jnp.where(is_beyond, middle, high), point

        start = log_exposures[place - 1], log_exposures[place], jax.tree.map(lambda each: each[place - 1], points)
        low, high, point = jax.lax.fori_loop(0, _BISECTIONS, halve, start)
        crossing = jax.lax.stop_gradient(0.5 * (low + high))
        point = _found(held, crossing, point)

        def found(log_exposure: Scalar, rates: _Rates) -> tuple[Scalar, Scalar]:
            moving = _with_derivatives(rates, log_exposure, point)
            return _opacity(rates, log_exposure, moving), moving.log_sigma

        # and the crossing as a function of everything
        slope = jax.lax.stop_gradient(jax.grad(lambda log_exposure: found(log_exposure, held)[0])(crossing))
        log_exposure = crossing - (found(crossing, rates)[0] - opacity) / slope
        log_sigma = found(log_exposure, rates)[1]
        return jnp.where(there, jnp.exp(log_sigma), jnp.nan), jnp.where(there, jnp.exp(log_exposure), jnp.nan)

    return FogLine(*jax.vmap(of_mass)(fog.signal_per_t_yr))
