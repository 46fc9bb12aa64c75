"""Nuisance parameters that many experiments have: numbers above zero with a Gaussian or log-normal error."""

import math

import numpyro.distributions as dist

from cevnsjax.arrays import check_finite, check_positive
from cevnsjax.parameter import Parameter


def positive(mean: float, error: float) -> dist.Distribution:
    """Gaussian, cut off at zero."""
    check_finite("mean", mean, "")
    check_positive("error", error, "")
    return dist.TruncatedNormal(mean, error, low=0.0)


def nonzero(mean: float, error: float) -> dist.Distribution:
    """Gaussian, cut off six errors below its mean, or at a hundredth of it: quenching factors, scales of energy.

    None of them can be zero, and nothing is seen where one is: on that edge of the likelihood derivatives tell nothing.
    Six errors are a probability of 1e-9; kinks of quenching, which move with it, stay where they are below.
    """
    check_positive("mean", mean, "")
    check_positive("error", error, "")
    return dist.TruncatedNormal(mean, error, low=max(0.01 * mean, mean - 6.0 * error))


def flux_norm(source: str, relative_error: float, of: str = "flux") -> Parameter:
    """Ratio of a flux to its nominal value, called ``SOURCE_flux_norm``: what experiments at one source may share.

    Parameters
    ----------
    source
        Name of the source in the experiment, like ``"sns"`` or ``"reactor"``.
    relative_error
        Relative error of the flux.
    of
        What it is the ratio of, for tables.
    """
    return Parameter(
        f"{source}_flux_norm",
        positive(1.0, relative_error),
        f"sources.{source}.flux.norm",
        description=f"{of} over its nominal value ({100.0 * relative_error:g} %)",
    )


def strength_quenching(nuclide: str, nominal: float, error: float, description: str = "") -> Parameter:
    """One factor for the strengths of all levels of a nuclide, (g_A^eff/g_A)^2 for spins.

    Parameters
    ----------
    nuclide
        Like ``"Ar40"``.
    nominal, error
        Median of the prior and its standard deviation, which is log-normal: at a strength of zero every coupling that
        multiplies it is allowed, a funnel that chains do not leave.
    description
        One line for tables, where there is more to say.
    """
    check_positive("nominal", nominal, "")
    check_positive("error", error, "")
    return Parameter(
        f"strength_quenching_{nuclide}",
        dist.LogNormal(math.log(nominal), error / nominal),
        f"target.nuclides.{nuclide}.levels.quenching",
        description=description or f"strength of the levels of {nuclide} over the shell model",
    )


def level_strength(nuclide: str, level: int, relative_error: float) -> Parameter:
    """A factor for the strength of one level of a nuclide, beside that of all of them.

    Parameters
    ----------
    nuclide
        Like ``"Ar40"``.
    level
        Its index among the levels, in the order of their energies.
    relative_error
        Standard deviation of the logarithm of the strength.
    """
    check_positive("relative_error", relative_error, "")
    return Parameter(
        f"strength_{nuclide}_level_{level}",
        dist.LogNormal(0.0, relative_error),
        f"target.nuclides.{nuclide}.levels.relative_strength.{level}",
        description=f"strength of level {level} of {nuclide} over its table",
    )
