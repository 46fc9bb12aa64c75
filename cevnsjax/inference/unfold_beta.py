"""How strong the penalty of an unfolding is to be: by positivity, by the size of the bias, by the corner of the L."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.inference.unfold import unfolded
from cevnsjax.inference.unfold_spectra import Spectra, check_regular, is_regular, natural_beta
from cevnsjax.program import program

CRITERIA = ("physical", "bias", "l-curve")
"""Names of the criteria by which :func:`choose_beta` chooses."""

_DECADES, _STEPS = range(-14, 7), 6
"""Where a beta is looked for, in powers of ten of that with which data and penalty weigh the same, and how finely."""
_HALVINGS = 20


@dataclass(frozen=True)
class PenaltyCurve:
    """What unfolding gives for many strengths of the penalty.

    Attributes
    ----------
    beta
        Strengths, increasing, shape ``[strength]``.
    smallest_flux
        The smallest flux of any bin.
    chi2, roughness
        chi^2 and S; the L is drawn by one against the other.
    curvature
        Curvature of ln S against ln chi^2: largest in the corner of the L.
    bias_significance
        B; none if errors were not asked for.
    """

    beta: np.ndarray
    smallest_flux: np.ndarray
    chi2: np.ndarray
    roughness: np.ndarray
    curvature: np.ndarray
    bias_significance: np.ndarray | None


def penalty_curve(
    response: Any,
    observed: Any,
    background: Any,
    *,
    covariance: Any = None,
    beta: Any = None,
    with_errors: bool = True,
) -> PenaltyCurve:
    """Unfold with many strengths of the penalty.

    Parameters
    ----------
    response, observed, background, covariance, with_errors
        As of :func:`~cevnsjax.inference.unfold.unfold`.
    beta
        Strengths, increasing; by default six in each decade around the one with which data and penalty weigh the same,
        as far as the matrix is regular.

    Raises
    ------
    CevnsjaxError
        If what is given cannot be unfolded.
    """
    spectra = Spectra.checked(response, observed, background, covariance)
    strengths = _strengths(spectra) if beta is None else np.asarray(beta, float)
    return _curve(spectra, strengths, with_errors)


def choose_beta(
    criterion: str,
    response: Any,
    observed: Any,
    background: Any,
    *,
    covariance: Any = None,
    curve: PenaltyCurve | None = None,
) -> float:
    """Choose the strength of the penalty.

    Parameters
    ----------
    criterion
        ``"physical"``: the smallest beta with which the flux is above zero in every bin (J. Liao, H. Liu, D. Marfatia,
        arXiv:2302.10460); of separate ranges between which it is not, the lowest. Zero where no penalty is needed.
        ``"bias"``: beta is lowered until B, the significance of the bias, is the number of bins; where B never is, that
        of the B nearest to it.
        ``"l-curve"``: the corner of ln S against ln chi^2, where it bends most (P. C. Hansen, SIAM Review 34, 561
        (1992)).
    response, observed, background, covariance
        As of :func:`~cevnsjax.inference.unfold.unfold`.
    curve
        What :func:`penalty_curve` has found, with errors for ``"bias"``, where it is known.

    Raises
    ------
    UnknownNameError
        If there is no such criterion.
    CevnsjaxError
        If no beta meets it, or what is given cannot be unfolded.
    """
    if criterion not in CRITERIA:
        raise UnknownNameError("criterion for beta", criterion, CRITERIA)
    spectra = Spectra.checked(response, observed, background, covariance)
    if curve is None:
        curve = _curve(spectra, _strengths(spectra), criterion == "bias")
    if criterion == "l-curve":
        return float(curve.beta[1 + np.argmax(np.nan_to_num(curve.curvature[1:-1], nan=-np.inf))])
    return _physical(spectra, curve) if criterion == "physical" else _as_biased_as_bins(spectra, curve)


def _physical(spectra: Spectra, curve: PenaltyCurve) -> float:
    good = curve.smallest_flux > 0.0
    if not np.any(good):
        best = int(np.argmax(curve.smallest_flux))
        raise CevnsjaxError(
            f"No beta up to {curve.beta[-1]:.2g} gives a flux above zero in every bin; the least negative one has "
            f"{curve.smallest_flux[best]:.3g} with beta = {curve.beta[best]:.2g}."
        )
    first = int(np.argmax(good))
    if first == 0:
        unneeded = is_regular(spectra, as_float(0.0)) and _flux_is_positive(spectra, 0.0)
        return 0.0 if unneeded else float(curve.beta[0])
    return _where_it_begins(*_next_to(curve, first), lambda beta: _flux_is_positive(spectra, beta))


def _as_biased_as_bins(spectra: Spectra, curve: PenaltyCurve) -> float:
    significance, bins = curve.bias_significance, spectra.response.shape[1]
    if significance is None:
        raise CevnsjaxError("The bias needs errors, which this curve was made without; give with_errors=True.")
    crossings = np.flatnonzero((significance[:-1] <= bins) & (significance[1:] > bins))
    if not crossings.size:
        return float(curve.beta[np.argmin(np.abs(significance - bins))])

    def is_biased(beta: float) -> bool:
        found = _curve(spectra, np.array([beta]), True).bias_significance
        return found is not None and bool(found[0] > bins)

    return _where_it_begins(*_next_to(curve, int(crossings[-1]) + 1), is_biased)


def _next_to(curve: PenaltyCurve, index: int) -> tuple[float, float]:
    """The strength before an index, and that there."""
    return float(curve.beta[index - 1]), float(curve.beta[index])


def _flux_is_positive(spectra: Spectra, beta: float) -> bool:
    return bool(np.min(unfolded(spectra, as_float(beta), False).flux) > 0.0)


def _where_it_begins(low: float, high: float, holds: Callable[[float], bool]) -> float:
    """The beta from which on something holds, which it does at the upper end and not at the lower."""
    for _ in range(_HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if holds(middle) else (middle, high)
    return float(high)


def _strengths(spectra: Spectra) -> np.ndarray:
    """Strengths of the penalty for which the matrix is regular."""
    scale = natural_beta(spectra)
    regular = [decade for decade in _DECADES if is_regular(spectra, as_float(scale * 10.0**decade))]
    if not regular:
        check_regular(spectra, as_float(scale))
    return scale * np.logspace(regular[0], regular[-1], (regular[-1] - regular[0]) * _STEPS + 1)


def _curve(spectra: Spectra, strengths: np.ndarray, with_errors: bool) -> PenaltyCurve:
    found = _along(spectra, as_float(strengths), with_errors)
    smallest, chi2, roughness, curvature, significance = (np.asarray(each, float) for each in found)
    return PenaltyCurve(strengths, smallest, chi2, roughness, curvature, significance if with_errors else None)


@program
def _along(spectra: Spectra, strengths: Float[Array, " strength"], with_errors: bool):
    def one(beta: Scalar):
        def smoothness(beta):
            found = unfolded(spectra, beta, False)
            return found.roughness, (found.flux.min(), found.chi2, found.roughness)

        slope, (smallest, chi2, roughness) = jax.grad(smoothness, has_aux=True)(beta)
        errors = unfolded(spectra, beta).errors if with_errors else None
        significance = jnp.zeros_like(beta) if errors is None else errors.bias_significance
        return smallest, chi2, roughness, _curvature(beta, chi2, roughness, slope), significance

    return jax.lax.map(one, strengths)


def _curvature(beta: Scalar, chi2: Scalar, roughness: Scalar, slope: Scalar) -> Scalar:
    """Curvature of ln S against ln chi^2, from the slope of S alone: dchi^2 = -beta dS, as phi is at its minimum."""
    ratio, steepness = beta * roughness / chi2, beta * slope / roughness  # the latter is d ln S/d ln beta
    return ratio * (1.0 + (1.0 + ratio) * steepness) / (jnp.abs(steepness) * (1.0 + ratio**2) ** 1.5)
