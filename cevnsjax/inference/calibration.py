"""Simulation-based calibration: whether the posteriors of a model hold what they say.

True values are drawn from the priors and data from the prediction there; among the draws of their posterior, true
values then have ranks that are uniform, whatever the model. What is wrong anywhere (the sampler, the likelihood, data
that are distributed otherwise) makes them not so: S. Talts et al., arXiv:1804.06788.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from cevnsjax.errors import InterruptedRun, OutputError, ParameterError, number_of
from cevnsjax.host_random import split_key
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.diagnostics import bulk_effective_sample_size
from cevnsjax.inference.hmc import Hmc
from cevnsjax.inference.identity import run_identity
from cevnsjax.inference.interrupt import deferred_interrupt
from cevnsjax.inference.journal import Journal, computed
from cevnsjax.inference.model import Model
from cevnsjax.inference.predictive import simulated
from cevnsjax.inference.run import sample
from cevnsjax.inference.sampler import AbstractSampler
from cevnsjax.program import program
from cevnsjax.schedule import Schedule

RANKED_DRAWS = 99
"""Draws of each posterior among which a true value has its rank: a hundred ranks, which many numbers of bins divide."""

LOG_LIKELIHOOD = "log_likelihood"
"""The name of the one quantity that depends on the data too."""

_FEWEST, _MOST_BINS = 5.0, 20
_BAND = 0.99


@dataclass(frozen=True)
class Calibration:
    """Ranks of true values among draws of the posteriors of data that were drawn there.

    Attributes
    ----------
    ranks
        By quantity, shape ``[dataset]``, from 0 to ``draws``: how many draws are below the true value. The quantities
        are the parameters, and the log-likelihood: a posterior that ignores its data has uniform ranks of its
        parameters, but not of that (M. Modrak et al., Bayesian Anal. 20, 461 (2025)).
    draws
        Number of draws, spread evenly over those of each posterior.
    effective
        Effective sample size of each parameter, shape ``[dataset]``: below ``draws``, ranks are not independent.
    divergences
        Divergent transitions in each posterior, shape ``[dataset]``.
    """

    ranks: dict[str, np.ndarray]
    draws: int
    effective: dict[str, np.ndarray]
    divergences: np.ndarray

    @property
    def datasets(self) -> int:
        """Number of data sets."""
        return int(self.divergences.size)

    @property
    def bins(self) -> int:
        """Number of bins of the ranks: as many of the same width as five data sets each allow, twenty at most."""
        most = int(np.clip(self.datasets / _FEWEST, 1, _MOST_BINS))
        return max(number for number in range(1, most + 1) if (self.draws + 1) % number == 0)

    def counts(self, name: str) -> np.ndarray:
        """Data sets in each bin of the ranks of a quantity."""
        return np.histogram(self.ranks[name], self.bins, (-0.5, self.draws + 0.5))[0]

    @property
    def band(self) -> tuple[float, float]:
        """Interval that holds the number of data sets of a bin with 99 %, if ranks are uniform."""
        from scipy.stats import binom  # slow to import: not for those who calibrate nothing

        low, high = binom.interval(_BAND, self.datasets, 1.0 / self.bins)
        return float(low), float(high)

    def p_value(self, name: str) -> float:
        """Probability of a larger chi-squared of the bins if ranks are uniform; NaN of fewer than ten data sets."""
        from scipy.stats import chisquare

        return float(chisquare(self.counts(name)).pvalue) if self.bins > 1 else float("nan")

    @property
    def smallest_p_value(self) -> float:
        """The smallest of all p-values times their number (Bonferroni), one at most."""
        return min(1.0, len(self.ranks) * min(self.p_value(name) for name in self.ranks))

    def mean_rank(self, name: str) -> float:
        """Mean of the ranks over their largest, 0.5 +- 0.29/sqrt(data sets): above it, posteriors are too low."""
        return float((self.ranks[name] + 0.5).mean() / (self.draws + 1))


def calibrate(
    model: Model,
    key: jax.Array,
    datasets: int = 200,
    schedule: Schedule | None = None,
    *,
    sampler: AbstractSampler | None = None,
    draws: int = RANKED_DRAWS,
    folder: Path | None = None,
    resume: bool = False,
    progress: Callable[[int, int], None] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Calibration:
    """Sample the posteriors of many sets of data, drawn from the model and its priors, and rank the truth in each.

    Priors are taken for what they say of the parameters, not for measurements: their centres stay where they are.

    Parameters
    ----------
    model
        The model; of its data only the shape matters.
    key
        Random key; the same key gives the same ranks, resumed or not, and more data sets begin with the same.
    datasets
        Number of sets of data.
    schedule, sampler
        How each posterior is sampled; see :func:`sample`.
    draws
        Number of draws that a rank is among.
    folder, resume
        Where to keep what is done, and whether to go on from it, or to more data sets; see :func:`sample`.
    progress
        Called with the data sets done and to do after each.
    options
        What the caller was told, as plain values: kept with it, must be the same to go on.

    Raises
    ------
    ParameterError
        If the model, the key or a number is something else, or the posteriors have fewer draws than are ranked among.
    InterruptedRun
        On Ctrl-C, after what was done is saved.
    OutputError
        If there is nothing to resume from, what is kept is damaged or of another run, or nothing can be kept.
    """
    schedule, sampler = schedule or Schedule(), sampler or Hmc()
    check_calibration(datasets, schedule, draws)
    if resume and folder is None:
        raise OutputError("Resuming needs the folder of the interrupted run.")
    journal = None
    if folder is not None:
        journal = Journal(Path(folder), calibration_identity(model, key, schedule, sampler, draws, options), resume)
    keep, found = journal or computed, []
    with deferred_interrupt() as interrupted:
        for dataset in range(datasets):
            key_of = jax.random.fold_in(key, dataset)
            step = functools.partial(_ranked, model, key_of, schedule, sampler, draws)
            try:
                found.append(keep(step, np.asarray(jax.random.key_data(key_of))))
            except InterruptedRun:
                raise InterruptedRun(_ending(dataset, datasets, journal)) from None
            if progress is not None and not (journal is not None and journal.replays):
                progress(dataset + 1, datasets)
            if interrupted() and dataset + 1 < datasets:
                raise InterruptedRun(_ending(dataset + 1, datasets, journal))
    if journal is not None:
        journal.save()
    ranks, effective, divergences = (np.stack(each) for each in zip(*found, strict=True))
    return Calibration(
        dict(zip((*model.names, LOG_LIKELIHOOD), ranks.T, strict=True)),
        draws,
        dict(zip(model.names, effective.T, strict=True)),
        divergences,
    )


def check_calibration(datasets: int, schedule: Schedule, draws: int = RANKED_DRAWS) -> None:
    """Refuse a calibration without data sets, or with fewer draws of each posterior than are ranked among.

    Raises
    ------
    ParameterError
        If so.
    """
    if datasets < 1:
        raise ParameterError(f"datasets must be at least 1, got {datasets}.")
    # where their number is not given, there are as many as it takes
    if draws < 1 or (schedule.samples is not None and draws > schedule.chains * schedule.samples):
        total = number_of(schedule.chains * (schedule.samples or 1), "draw")
        raise ParameterError(f"Ranks among {draws} draws need as many of each posterior, which has {total}.")


def calibration_identity(
    model: Model,
    key: jax.Array,
    schedule: Schedule,
    sampler: AbstractSampler,
    draws: int = RANKED_DRAWS,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What must be the same to go on with a calibration, as plain values: not how many data sets it has.

    Parameters
    ----------
    model, key, schedule, sampler, draws, options
        See :func:`calibrate`.
    """
    return {**run_identity(model, key, schedule, options=options, sampler=sampler), "ranked_draws": draws}


def _ending(done: int, datasets: int, journal: Journal | None) -> str:
    """What is said of a calibration that was interrupted; what is done of it is kept."""
    begin = f"Interrupted after {done} of {number_of(datasets, 'data set')}"
    if journal is None:
        return f"{begin}; nothing was kept."
    journal.save()
    return f"{begin}; what is done is saved in {journal.folder}. Run the same command with --resume to go on."


def _ranked(model: Model, key: jax.Array, schedule: Schedule, sampler: AbstractSampler, draws: int) -> list[np.ndarray]:
    """Ranks of the truth, effective sample sizes and divergences of one set of data."""
    for_truth, for_data, for_draws = split_key(key, 3)
    truth = {name: each[0] for name, each in model.prior_draws(for_truth, 1).items()}
    data = jax.tree.map(lambda each: each[0], simulated(model, truth, for_data, 1))
    posterior = sample(model, for_draws, schedule, sampler=sampler, observed=data)
    flat = {name: each.reshape(-1) for name, each in posterior.samples.items()}
    picks = np.linspace(0, posterior.statistics["diverging"].size - 1, draws).astype(int)
    picked = {name: each[picks] for name, each in flat.items()}
    # the truth as the last of the draws
    both = {name: np.append(each, np.asarray(truth[name], each.dtype)) for name, each in picked.items()}
    both[LOG_LIKELIHOOD] = np.asarray(_log_likelihoods(model, {name: both[name] for name in model.names}, data))
    ranks = [int((both[name][:-1] < both[name][-1]).sum()) for name in (*model.names, LOG_LIKELIHOOD)]
    effective = [_effective(posterior.samples[name]) for name in model.names]
    return [np.array(ranks), np.array(effective), np.array(posterior.divergences)]


def _effective(samples: np.ndarray) -> float:
    return bulk_effective_sample_size(samples) if samples.shape[1] >= 4 and np.ptp(samples) > 0 else float("nan")


@program
def _log_likelihoods(model: Model, values, observed):
    return map_in_batches(lambda at: model.log_likelihood(at, observed), values, 64)
