"""Fits of many toys at one value of a parameter after the other, and where their statistics cross thresholds."""

from collections.abc import Callable, Sequence

import jax
import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import log_ndtr, ndtri

from cevnsjax.inference.asimov_curve import CLS, ONE_SIDED, TWO_SIDED, AsimovCurve
from cevnsjax.inference.journal import Keep
from cevnsjax.inference.limits import scores
from cevnsjax.inference.model import Model
from cevnsjax.inference.toys import ToyFits, Toys, fit_toys, latents_of

_MOST = 1e3
"""Scores beyond which nothing is told apart."""

_HALVINGS = 40

_Excess = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class ToyScan:
    """Fits of toys at one value of a parameter after the other, and without it held.

    Attributes
    ----------
    values
        Values so far, which increase from the null.
    truths
        Values of all parameters as fitted to the first of the toys, at each value.
    curve
        The Asimov curve, which becomes longer with the values.

    Parameters
    ----------
    model
        The model.
    curve
        The statistic of what is expected at the null.
    toys
        The toys; the first is what is expected at the null.
    keep
        How the results of fits are come by (:class:`Journal`).
    """

    def __init__(self, model: Model, curve: AsimovCurve, toys: Toys, keep: Keep):
        self.model, self.curve, self.toys, self.keep = model, curve, toys, keep
        self.values: list[float] = []
        self.truths: list[dict[str, float]] = []
        self.converged = np.ones(toys.number, bool)
        self._heights: list[np.ndarray] = []
        self._latents: list[np.ndarray] = []
        self._best, self._at_best = np.zeros(toys.number), np.zeros(toys.number)

    def add(self, value: float) -> None:
        """Fit all toys at another value."""
        heights, latents, first = self._fit({self.curve.name: value}, self._latents[-1] if self._latents else None)
        self.values.append(value)
        self._heights.append(heights)
        self._latents.append(latents)
        self.truths.append(dict(zip(self.model.names, first.tolist(), strict=True)) | {self.curve.name: value})
        if value > self.curve.values[-1]:
            self.curve = self.curve.longer(value, float(self._roots[-1]))

    def _fit(self, fixed: dict[str, float], start: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Heights and latents of all toys, and values of the first one."""

        def fitted() -> list[np.ndarray]:
            found = self._fitted(fixed, start)
            values = np.stack([found.values[name] for name in self.model.names], axis=1)
            return [found.log_density, found.converged, found.latents, values]

        inputs = [np.array([*fixed.values()]), *([] if start is None else [start])]
        heights, converged, latents, values = self.keep(fitted, *inputs)
        self.converged &= converged
        self._moved = values[:, self.model.names.index(self.curve.name)]
        return heights, latents, values[0]

    def _fitted(self, fixed: dict[str, float], start: np.ndarray | None) -> ToyFits:
        """Fits of all toys; those that end nowhere begin again from the truth."""
        found = fit_toys(self.model, self.toys, fixed, start=start)
        if start is None or np.all(found.converged):
            return found
        lost = np.flatnonzero(~found.converged)
        some = Toys(
            self.toys.values,
            jax.tree.map(lambda each: each[lost], self.toys.observed),
            {name: each[lost] for name, each in self.toys.centres.items()},
        )
        again = fit_toys(self.model, some, fixed)

        def mended(mine: np.ndarray, other: np.ndarray) -> np.ndarray:
            both = mine.copy()
            both[lost] = other
            return both

        return ToyFits(
            {name: mended(each, again.values[name]) for name, each in found.values.items()},
            mended(found.log_density, again.log_density),
            mended(found.converged, again.converged),
            mended(found.latents, again.latents),
        )

    @property
    def _roots(self) -> np.ndarray:
        """Distances of the values from the null, in standard deviations."""
        asimov = np.array([each[0] for each in self._heights])
        return np.sqrt(np.maximum(2.0 * (asimov[0] - asimov), 0.0))

    def excludes_last(self, threshold: float) -> bool:
        """Whether the roots of the statistics of all toys are beyond a threshold at the last value."""
        heights = np.stack(self._heights)
        drop = (heights.max(axis=0) - heights[-1])[self.converged]
        return bool(np.all(2.0 * drop > threshold**2))

    def finish(self) -> None:
        """Fit all toys without holding the parameter: from the best value of each, and from below the null."""
        heights, everyone = np.stack(self._heights), np.arange(self.toys.number)
        # at the null of a parameter that enters squared a fit would stay
        best = 1 + np.argmax(heights[1:], axis=0)
        starts = [np.stack(self._latents)[best, everyone]]
        starts[0][:, self._place] = np.array([self._latent(value) for value in self.values])[best]
        if not self.curve.is_edge:
            below = self._latents[0].copy()
            below[:, self._place] = self._latent(2.0 * self.curve.null - self.values[1])
            starts.append(below)
        for start in starts:
            found, _, _ = self._fit({}, start)
            if start is starts[0]:
                self._best, self._at_best = found, self._moved
            else:
                higher = found > self._best
                self._best = np.where(higher, found, self._best)
                self._at_best = np.where(higher, self._moved, self._at_best)

    @property
    def _place(self) -> int:
        return self.model.names.index(self.curve.name)

    def _latent(self, value: float) -> float:
        """Latent of a value of the parameter."""
        return float(latents_of(self.model, self.toys.values | {self.curve.name: value})[self._place])

    def _scores(self, above_null: bool) -> np.ndarray:
        """Standard deviations that values are above the maximum (:func:`scores`), shape ``[value, toy]``.

        They grow as evenly as the roots of the Asimov statistic, next to the null too.

        Parameters
        ----------
        above_null
            Whether the maximum is not below the null.
        """
        heights, null, roots = np.stack(self._heights), self.curve.null, self._roots[:, None]
        at_best = null + np.abs(self._at_best - null) if self.curve.is_edge else self._at_best
        best = np.where(at_best >= null, self._best, -np.inf) if above_null else self._best
        best = np.maximum(best, heights.max(axis=0))
        at_best = np.maximum(at_best, null) if above_null else at_best
        statistic = np.maximum(2.0 * (best - heights), 0.0)
        below = np.array(self.values)[:, None] < at_best
        if not above_null:
            return np.where(below, -1.0, 1.0) * np.sqrt(statistic)
        found = np.where(below, -np.sqrt(statistic), scores(statistic, roots**2))
        # of a maximum that would be below the null the slope at the null says how far
        slope = found[1] - roots[1]
        found[0] = np.where(slope > 0.0, slope, -np.sqrt(statistic[0]))
        return found

    def _statistics(self, score: np.ndarray, roots: np.ndarray) -> np.ndarray:
        """Signed statistics of the likelihood ratio at scores: at an edge those of maxima that stay there."""
        if not self.curve.is_edge:
            return np.sign(score) * score**2
        return np.where(score > roots, (2.0 * score - roots) * roots, np.sign(score) * score**2)

    def limits(self, levels: Sequence[float]) -> dict[str, np.ndarray]:
        """Upper limits of all toys by kind, shape ``[level, toy]``."""
        size, one_sided = 1.0 - np.array(levels), self._scores(above_null=True)
        two_sided = one_sided if self.curve.is_edge else self._scores(above_null=False)

        def cls(score: np.ndarray, roots: np.ndarray, path: np.ndarray) -> np.ndarray:
            return log_ndtr(roots - score) - log_ndtr(-score)

        return {
            TWO_SIDED: self._crossings(
                two_sided, lambda score, roots, path: self._statistics(score, roots), ndtri(0.5 * size) ** 2
            ),
            ONE_SIDED: self._crossings(one_sided, lambda score, roots, path: score, -ndtri(size)),
            CLS: self._crossings(one_sided, cls, -np.log(size)),
        }

    def limits_above(self, critical: np.ndarray) -> np.ndarray:
        """Upper limits of all toys where statistics exceed those that are given, shape ``[level, value]``."""
        score, way = self._scores(above_null=self.curve.is_edge), self.curve.path(np.array(self.values))

        def excess(level: np.ndarray) -> _Excess:
            return lambda score, roots, path: self._statistics(score, roots) - np.interp(path, way, level)

        return np.concatenate([self._crossings(score, excess(level), np.zeros(1)) for level in critical])

    def _crossings(self, score: np.ndarray, excess: _Excess, thresholds: np.ndarray) -> np.ndarray:
        """Values above which a function of scores exceeds thresholds: the null if it does at all, infinite if at none.

        Parameters
        ----------
        score
            Scores ``[value, toy]``, between which they are interpolated.
        excess
            Function of scores, roots of the Asimov statistic, and paths there.
        thresholds
            What it exceeds, for each row of what is found.
        """
        score = np.clip(np.nan_to_num(score, nan=0.0), -_MOST, _MOST)
        path, everyone = self.curve.path(np.array(self.values)), np.arange(score.shape[1])
        cubics, apart = PchipInterpolator(path, score).c, np.diff(path)
        at_values = excess(score, self._roots[:, None], path[:, None])
        found = np.empty((len(thresholds), score.shape[1]))
        for row, threshold in zip(found, thresholds, strict=True):
            below = at_values <= threshold
            last = len(path) - 1 - np.argmax(below[::-1], axis=0)
            segment = np.minimum(last, len(path) - 2)
            a, b, c, d = cubics[:, segment, everyone]
            low, high = np.zeros(len(row)), apart[segment]
            for _ in range(_HALVINGS):
                step = 0.5 * (low + high)
                there = path[segment] + step
                inside = excess(((a * step + b) * step + c) * step + d, self.curve.along(there)[1], there) <= threshold
                low, high = np.where(inside, step, low), np.where(inside, high, step)
            row[:] = np.where(last == len(path) - 1, np.inf, self.curve.along(path[segment] + low)[0])
            row[~below.any(axis=0)] = self.curve.null
            row[~self.converged] = np.nan
        return found
