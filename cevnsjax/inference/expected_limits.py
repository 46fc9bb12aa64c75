"""Limits that an experiment is expected to set: those of many toys of a null, beside those of its Asimov data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from scipy.special import ndtr, ndtri

from cevnsjax.errors import InterruptedRun, OutputError, ParameterError, UnknownNameError
from cevnsjax.experiment import asimov_names
from cevnsjax.host_random import split_key
from cevnsjax.inference.asimov_curve import (
    TWO_SIDED,
    AsimovCurve,
    asimov_curve,
    asimov_toys,
    centres,
    furthest_value,
)
from cevnsjax.inference.identity import model_identity
from cevnsjax.inference.interrupt import deferred_interrupt
from cevnsjax.inference.journal import Journal, computed
from cevnsjax.inference.limits import default_null, null_maximum
from cevnsjax.inference.model import Model
from cevnsjax.inference.profile import check_value
from cevnsjax.inference.quantiles import error_of_quantile
from cevnsjax.inference.toy_intervals import critical_statistics
from cevnsjax.inference.toy_scan import ToyScan
from cevnsjax.inference.toys import Toys, draw_toys

FELDMAN_COUSINS = "feldman-cousins"
"""Upper ends of intervals whose thresholds are those of toys, not of chi-squared."""

LEVELS = (0.68, 0.90, 0.95)
DEVIATIONS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Standard deviations from the median where bands end."""

_BEYOND, _LONGER, _MOST_LONGER = 3.0, 1.3, 8
"""Standard deviations of a fluctuation that are looked at first; how much further all others are, and how often."""

_NEAR, _STEP = (0.25, 0.8), 0.9
"""Values that are tested, as distances from the null in standard deviations."""


@dataclass(frozen=True)
class Sensitivity:
    """Limits that are expected of a parameter if a null is true.

    Attributes
    ----------
    name
        The parameter.
    levels
        Confidence levels.
    truth
        Values of all parameters that toys are drawn at: the null.
    curve
        The statistic of what is expected there, as a function of the parameter.
    values
        Values of the parameter that are tested, the null first, shape ``[value]``.
    limits
        Upper limits of toys by kind, shape ``[level, toy]``: infinite beyond the values that are tested, the null where
        all others are excluded, NaN where a fit did not converge.
    fitted
        The same of the Asimov data, as toys are fitted, shape ``[level]``.
    observed
        The same of the data, shape ``[level]``; ``None`` where these are a prediction.
    """

    name: str
    levels: tuple[float, ...]
    truth: dict[str, float]
    curve: AsimovCurve
    values: np.ndarray
    limits: dict[str, np.ndarray]
    fitted: dict[str, np.ndarray]
    observed: dict[str, np.ndarray] | None

    @property
    def null(self) -> float:
        """The value that stands for no effect."""
        return self.truth[self.name]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of limits."""
        return tuple(self.limits)

    def _sorted(self, kind: str) -> np.ndarray:
        found = self.limits[kind]
        return np.sort(found[:, ~np.isnan(found).any(axis=0)], axis=1)

    def bands(self, kind: str) -> np.ndarray:
        """Limits at -2, -1, 0, 1 and 2 standard deviations: quantiles of toys, shape ``[level, deviation]``."""
        return np.quantile(self._sorted(kind), ndtr(np.array(DEVIATIONS)), axis=1, method="inverted_cdf").T

    def errors(self, kind: str) -> np.ndarray:
        """Standard deviations of these, from the number of toys, shape ``[level, deviation]``."""
        ordered = self._sorted(kind)
        return np.array([[error_of_quantile(row, float(ndtr(d))) for d in DEVIATIONS] for row in ordered])

    def asimov_bands(self, kind: str) -> np.ndarray | None:
        """The same in the asymptotic form, shape ``[level, deviation]``; ``None`` of a kind that has none."""
        if kind == FELDMAN_COUSINS:
            return None
        return np.stack([self.curve.limits(kind, level, np.array(DEVIATIONS)) for level in self.levels])

    @property
    def toys(self) -> int:
        """Number of toys."""
        return self.limits[TWO_SIDED].shape[1]

    @property
    def not_converged(self) -> int:
        """Number of toys of which a fit did not converge; they are in no band."""
        return int(np.isnan(self.limits[TWO_SIDED][0]).sum())

    def beyond(self, kind: str) -> np.ndarray:
        """Number of toys whose limit is beyond all values that are tested, shape ``[level]``; bands know them."""
        return np.isposinf(self.limits[kind]).sum(axis=1)

    def at_null(self, kind: str) -> np.ndarray:
        """Number of toys that exclude everything above the null, shape ``[level]``; bands know them."""
        return (self.limits[kind] == self.null).sum(axis=1)


def sensitivity_identity(
    model: Model,
    name: str,
    key: jax.Array,
    toys: int,
    levels: Sequence[float],
    null: float | None = None,
    feldman_cousins_toys: int = 0,
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What must be the same to go on with a sensitivity, as plain values; see :func:`sensitivity`."""
    return {
        **(options or {}),
        "parameter": name,
        "toys": toys,
        "levels": [float(level) for level in levels],
        "null": null,
        "feldman_cousins_toys": feldman_cousins_toys,
        "key": np.ravel(jax.random.key_data(key)).tolist(),
        **model_identity(model),
    }


def check_sensitivity(model: Model, name: str, toys: int, levels: Sequence[float], null: float | None) -> float:
    """Refuse what no sensitivity can be of; returns the null.

    Raises
    ------
    CevnsjaxError
        If so.
    """
    if name not in model.names:
        raise UnknownNameError("free parameter", name, model.names)
    if toys < 1:
        raise ParameterError(f"toys must be at least 1, got {toys}.")
    if not levels or any(not 0.0 < level < 1.0 for level in levels):
        raise ParameterError(
            f"levels must lie between 0 and 1, one or more, got {', '.join(map(str, levels)) or None}."
        )
    parameter = model.parameters[model.names.index(name)]
    found = default_null(parameter) if null is None else check_value(parameter, null, "The null")
    furthest_value(model, name, found)
    return found


def sensitivity(
    model: Model,
    name: str,
    key: jax.Array,
    toys: int = 1000,
    *,
    levels: Sequence[float] = LEVELS,
    null: float | None = None,
    feldman_cousins_toys: int = 0,
    folder: Path | None = None,
    resume: bool = False,
    progress: Callable[[int, int], None] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Sensitivity:
    """Upper limits that are expected of a parameter if a null is true: median and bands, from toys and asymptotically.

    All toys are fitted side by side, at one value after the other, each fit from where the last one ended. Limits are
    where statistics cross their thresholds, which they do almost linearly in the root of the Asimov statistic. Three
    kinds, all with every other parameter fitted (profiled) and its prior as a penalty:

    - two-sided: upper ends of the intervals of the likelihood ratio (:func:`profile_interval`);
    - one-sided: p-values of smaller values than tested (:func:`upper_limit` with ``cls=False``);
    - CLs: those over the p-values of the null. The Asimov statistic is that of the null for all toys.

    With Feldman-Cousins toys also upper ends of intervals whose thresholds are quantiles of toys at each value.

    The null is predicted with nuisance parameters where their priors are highest, and those with flat priors as they
    are fitted to the data (:func:`one_sided_test`).

    Parameters
    ----------
    model, name
        The model and the parameter.
    key
        Random key: the same key gives the same toys, resumed or not.
    toys
        Number of toys.
    levels
        Confidence levels, each between 0 and 1.
    null
        The value that stands for no effect; zero by default, or the lower end of a prior that does not hold it.
    feldman_cousins_toys
        Number of toys at each value of the intervals of Feldman and Cousins; none, the default, leaves these out.
    folder, resume
        Where to keep what is done, and whether to go on from it.
    progress
        Called with the steps done and to do, which may become a few more, after each.
    options
        What the caller was told, as plain values: kept with it, must be the same to go on.

    Raises
    ------
    UnknownNameError
        If the name is not a free parameter of the model.
    ParameterError
        If the null is not in the support of the prior or at its upper end, a level is not between 0 and 1, or there is
        not one toy.
    CevnsjaxError
        If nothing depends on the parameter, or the null cannot be fitted.
    InterruptedRun
        On Ctrl-C, after what was done is saved.
    OutputError
        If there is nothing to resume from, what is kept is damaged or of another run, or nothing can be kept.
    """
    start = check_sensitivity(model, name, toys, levels, null)
    if resume and folder is None:
        raise OutputError("Resuming needs the folder of the interrupted run.")
    journal = None
    if folder is not None:
        identity = sensitivity_identity(model, name, key, toys, levels, null, feldman_cousins_toys, options)
        journal = Journal(Path(folder), identity, resume)
    for_toys, for_critical = split_key(key)
    levels = tuple(map(float, levels))
    threshold = float(ndtri(0.5 + 0.5 * max(levels)))
    reach = threshold + _BEYOND
    with deferred_interrupt() as interrupted:
        truth = null_maximum(model, name, start, model.data()).values
        curve = asimov_curve(model, name, truth, reach)
        rows = _rows(model, truth, draw_toys(model, for_toys, toys, truth))
        scan = ToyScan(model, curve, rows, journal or computed)
        tested = _tested(curve, reach)
        of = tested.size * (2 if feldman_cousins_toys else 1) + 1

        def look(done: int) -> None:
            if progress is not None:
                progress(done, of)
            if interrupted() and done < of:
                raise InterruptedRun(_ending(done, of, journal))

        for i, value in enumerate(tested):
            scan.add(float(value))
            look(i + 1)
        furthest = furthest_value(model, name, curve.null)
        for _ in range(_MOST_LONGER):
            if scan.values[-1] >= furthest or scan.excludes_last(threshold):
                break
            scan.add(min(curve.null + _LONGER * (scan.values[-1] - curve.null), furthest))
        scan.finish()
        look(tested.size + 1)
        found = scan.limits(levels)
        if feldman_cousins_toys:
            found[FELDMAN_COUSINS] = scan.limits_above(
                critical_statistics(
                    model,
                    name,
                    np.array(scan.values),
                    scan.truths,
                    for_critical,
                    feldman_cousins_toys,
                    levels,
                    lambda done, among: look(min(tested.size + 1 + done, of)),
                )[0]
            )
    if journal is not None:
        journal.save()
    return Sensitivity(
        name,
        levels,
        truth,
        scan.curve,
        np.array(scan.values),
        {kind: each[:, 2:] for kind, each in found.items()},
        {kind: each[:, 0] for kind, each in found.items()},
        None if asimov_names(model.experiment) else {kind: each[:, 1] for kind, each in found.items()},
    )


def _ending(done: int, of: int, journal: Journal | None) -> str:
    """What is said of a calculation that was interrupted; what is done of it is kept."""
    begin = f"Interrupted after {done} of {of} values"
    if journal is None:
        return f"{begin}; nothing was kept."
    journal.save()
    return f"{begin}; what is done is saved in {journal.folder}. Run the same command with --resume to go on."


def _rows(model: Model, truth: dict[str, float], toys: Toys) -> Toys:
    """The Asimov data, the data, and toys: all are fitted alike."""
    asimov = asimov_toys(model, truth, 1)
    data = jax.tree.map(lambda each: np.asarray(each)[None], model.data())
    own = centres(model, 1)
    return Toys(
        truth,
        jax.tree.map(lambda *each: np.concatenate(each), asimov.observed, data, toys.observed),
        {name: np.concatenate([own[name], own[name], each]) for name, each in toys.centres.items()},
    )


def _tested(curve: AsimovCurve, reach: float) -> np.ndarray:
    """Values whose distances from the null, in standard deviations, are even but for the first, up to a last one."""
    total = min(float(curve.path(curve.values)[-1]), reach)
    paths = np.append(_NEAR, np.arange(_NEAR[-1] + _STEP, total, _STEP))
    return np.append(curve.null, curve.along(np.append(paths[paths < 0.98 * total], total))[0])
