"""Whether a model describes the data at all: posterior predictive checks."""

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from cevnsjax.experiment import asimov_names
from cevnsjax.inference.posterior import Posterior
from cevnsjax.inference.predictive import PREDICTIVE_DRAWS, predicted


@dataclass(frozen=True)
class PredictiveCheck:
    """A quantity of the data, and of data that are drawn from the posterior.

    Attributes
    ----------
    p_value
        Posterior predictive p-value: the probability that data drawn anew have this much or more.
    observed
        The quantity in the data (of a deviance, which depends on the parameters too, its posterior mean).
    replicated, replicated_sd
        Mean and standard deviation in what is drawn.
    """

    p_value: float
    observed: float
    replicated: float
    replicated_sd: float


def posterior_predictive_p_value(
    posterior: Posterior, key: jax.Array, draws: int = PREDICTIVE_DRAWS, *, observed: Any = None
) -> dict[str, PredictiveCheck]:
    """Compare the data with data that are drawn from a posterior: A. Gelman, X.-L. Meng, H. Stern, Stat. Sin. 6, 733.

    The deviance (minus twice the log-likelihood relative to the saturated model, what chi-squared is for counts)
    measures every departure of bins; the total of a sample one that a fit should have no trouble with. At each draw of
    the posterior, data are drawn and the deviance of both is taken there. Small p-values say that the model does not
    describe the data; of totals those near one do too. They are conservative: a model was fitted to the data that it
    is asked about, so values of a good one gather about one half.

    Parameters
    ----------
    posterior
        Draws, and the model that they are of.
    key
        Random key.
    draws
        How many draws of the posterior are taken, at even distances.
    observed
        What was sampled with, where those were data in the place of the experiment's.

    Returns
    -------
    dict
        A check by quantity: ``"deviance"``, ``"deviance of SAMPLE"`` where there are several, ``"total of SAMPLE"``;
        the name of the experiment stands before where there are several of those. Of data that are a prediction
        (Asimov) there is none: those fit by construction.
    """
    model = posterior.model
    found = predicted(model, posterior.thinned(draws), key, observed)
    data = model.data(observed)
    several = len(found) > 1
    skipped = asimov_names(model.experiment) if observed is None else []
    checks: dict[str, PredictiveCheck] = {}
    deviances = []
    for name, part in model.experiment.parts.items():
        if name in skipped:
            continue
        before, here = (f"{name}: ", data[name]) if several else ("", data)
        each = found[name]
        # by sample, shape [draw, sample]
        by_sample = -2.0 * each.terms.sum(axis=(2, 3)), -2.0 * each.replicated_terms
        deviances.append([one.sum(axis=1) for one in by_sample])
        checks[f"{before}deviance"] = _check(*deviances[-1])
        totals = np.asarray(here).sum(axis=(1, 2)), each.replicated.sum(axis=(2, 3))
        for place, sample in enumerate(part.samples):
            if len(part.samples) > 1:
                checks[f"{before}deviance of {sample}"] = _check(*(one[:, place] for one in by_sample))
            checks[f"{before}total of {sample}"] = _check(totals[0][place], totals[1][:, place])
    if len(deviances) > 1:
        checks = {"deviance": _check(*(sum(each) for each in zip(*deviances, strict=True)))} | checks
    return checks


def _check(observed, replicated) -> PredictiveCheck:
    """A check; the data count as one of their own replications, so that no p-value is zero."""
    replicated = np.asarray(replicated, dtype=float)
    larger = int(np.sum(replicated >= observed))
    return PredictiveCheck(
        p_value=(larger + 1.0) / (replicated.size + 1.0),
        observed=float(np.mean(observed)),
        replicated=float(replicated.mean()),
        replicated_sd=float(replicated.std()),
    )
