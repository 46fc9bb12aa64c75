"""Nuisance parameters that many experiments have: positive numbers with a Gaussian error."""

import math

import numpyro.distributions as dist

from cevnsjax.parameter import Parameter


def positive(mean: float, error: float) -> dist.Distribution:
    """Gaussian, cut off at zero."""
    return dist.TruncatedNormal(mean, error, low=0.0)


def flux_norm(source: str, relative_error: float, of: str = "flux") -> Parameter:
    """Ratio of a flux to its nominal value, called ``SOURCE_flux_norm``: what experiments at one source may share.

    Parameters
    ----------
    source
        Like ``"sns"`` or ``"reactor"``.
    relative_error
        Relative error of the flux.
    of
        What it is the ratio of, for tables.
    """
    return Parameter(
        f"{source}_flux_norm",
        positive(1.0, relative_error),
        "flux.norm",
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
    return Parameter(
        f"strength_{nuclide}_level_{level}",
        dist.LogNormal(0.0, relative_error),
        f"target.nuclides.{nuclide}.levels.relative_strength.{level}",
        description=f"strength of level {level} of {nuclide} over its table",
    )
