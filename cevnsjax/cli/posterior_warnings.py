"""What is wrong with a posterior, in sentences."""

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cevnsjax.inference import Posterior

_SMALLEST_ESS = 400.0

_HARDLY, _FEW = 1e-7, 1e-2
"""What a prior leaves on one side of where it is not believed in, and part of the draws that may be there."""


def warnings(summary: dict[str, dict], divergences: int) -> list[str]:
    """Say what is wrong with a posterior, and what to do about it.

    Parameters
    ----------
    summary
        Summary by parameter name.
    divergences
        Number of divergent transitions.
    """
    from cevnsjax.inference.run import LARGEST_R_HAT

    found = []
    diagnostics = "r_hat", "ess_bulk", "ess_tail"
    unknown = [name for name, row in summary.items() if any(math.isnan(row[each]) for each in diagnostics)]
    if unknown:
        found.append(
            f"nothing says whether the chains of {', '.join(unknown)} can be trusted: fewer than four draws, or draws "
            "that are all the same. Raise --samples and --warmup."
        )
    unmixed = [name for name, row in summary.items() if row["r_hat"] > LARGEST_R_HAT]
    if unmixed:
        found.append(
            f"R-hat is above {LARGEST_R_HAT} for {', '.join(unmixed)}: the chains disagree. Raise --warmup and "
            "--samples; if the posterior has separated bands, raise --chains, so that each band holds several (chains "
            "start dispersed like the prior)."
        )
    small = [name for name, row in summary.items() if min(row["ess_bulk"], row["ess_tail"]) < _SMALLEST_ESS]
    if small:
        found.append(
            f"the effective sample size is below {_SMALLEST_ESS:.0f} for {', '.join(small)}: raise --samples or "
            "--chains."
        )
    if divergences:
        found.append(
            f"{divergences} divergent transitions: the posterior has corners that the sampler cannot follow. Raise "
            "--warmup, or narrow the priors."
        )
    return found


def disagreements(posterior: "Posterior") -> list[str]:
    """Say which parameters lie where their priors leave next to nothing.

    Parameters
    ----------
    posterior
        The posterior.
    """
    import numpyro.distributions as dist

    from cevnsjax.parameter import describe_prior
    from cevnsjax.prior_quantiles import prior_quantiles, prior_range

    found = []
    for parameter in posterior.model.parameters:
        ends = prior_range(parameter.prior)
        # at an end of an even one there is nothing beyond
        if ends is None or isinstance(parameter.prior, dist.Uniform | dist.LogUniform):
            continue
        low, high = prior_quantiles(parameter.prior, [_HARDLY, 1.0 - _HARDLY])
        draws = np.asarray(posterior.samples[parameter.name])
        if np.mean((draws < low) | (draws > high)) > _FEW:
            found.append(
                f"data and prior disagree: {parameter.name} is at {draws.mean():.4g}, where its prior "
                f"{describe_prior(parameter.prior)} leaves less than {_HARDLY:g}. Tables of what it moves may end at "
                f"{ends[0]:.4g} and {ends[1]:.4g}, and the posterior with them: give it a wider one with --prior."
            )
    return found
