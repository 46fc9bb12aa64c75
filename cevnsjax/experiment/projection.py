"""What a panel of a spectrum shows: data and expectation of one sample, projected on one observable."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cevnsjax.errors import ParameterError
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.likelihood import PoissonLikelihood
from cevnsjax.units import unit_in_figures

STEADY_STATE = "steady_state"
COUNTS = "counts per bin"
_GROWTH = 5.0


@dataclass(frozen=True)
class PlotStyle:
    """How spectra are drawn.

    Attributes
    ----------
    residual
        Subtract the steady-state background, or all backgrounds where there is none of that name: what is left of the
        data stands beside signal and beam-related backgrounds, as COHERENT prints it.
    ratio
        Draw data over expectation below each panel.
    log
        Axes that are logarithmic: ``""`` (none), ``"x"``, ``"y"`` or ``"xy"``. Unless something is said, both where
        bins grow with what is measured, over more than a factor of five; of residuals the first one only.
    per_unit
        Divide counts by the widths of their bins; where these differ, unless something is said.
    """

    residual: bool = False
    ratio: bool = False
    log: str | None = None
    per_unit: bool | None = None

    def __post_init__(self):
        if self.log not in (None, "", "x", "y", "xy"):
            raise ParameterError(f"log must be one of x, y and xy, got {self.log!r}.")
        if self.residual and "y" in (self.log or ""):
            raise ParameterError("Residuals may be below zero: leave the y axis linear, or draw no residuals.")


@dataclass(frozen=True)
class Projection:
    """Data and expectation of one sample, projected on one observable.

    Attributes
    ----------
    title
        What they are of.
    observable
        Name of the observable, with its unit.
    edges
        Edges of its bins.
    components
        Expected counts ``[bin]`` of each contribution, in the order in which they are stacked.
    signals
        Which of these are signals.
    draws
        Draws ``[draw, bin]`` of what is expected of all contributions together, or none.
    observed, error_down, error_up
        Data and the lengths of their error bars, ``[bin]``.
    data_label, quantity
        What the data are called, and what is counted.
    """

    title: str
    observable: str
    edges: np.ndarray
    components: dict[str, np.ndarray]
    signals: frozenset[str]
    draws: np.ndarray | None
    observed: np.ndarray
    error_down: np.ndarray
    error_up: np.ndarray
    data_label: str
    quantity: str

    @property
    def expected(self) -> np.ndarray:
        """Expectation ``[bin]``: the median of the draws, or the sum of all contributions."""
        if self.draws is not None:
            return np.median(self.draws, axis=0)
        return np.sum(list(self.components.values()), axis=0) + np.zeros(len(self.edges) - 1)

    @property
    def unit(self) -> str:
        """Unit of the observable as figures write it, empty if it has none."""
        return unit_in_figures(self.observable.rpartition("_")[2]) if "_" in self.observable else ""

    @property
    def widths_differ(self) -> bool:
        """Whether the bins are of different widths."""
        widths = np.diff(self.edges)
        return bool(np.ptp(widths) > 1e-3 * widths.max())

    @property
    def widths_grow(self) -> bool:
        """Whether the bins are as wide as what they measure is large, over a range that a linear axis cannot show."""
        widths = np.diff(self.edges)
        return bool(self.edges[0] > 0.0 and np.all(np.diff(widths) > 0.0) and widths[-1] > _GROWTH * widths[0])

    def residual(self) -> "Projection":
        """What is left where backgrounds are subtracted: the steady state, or all where there is no such background.

        Error bars stay those of the data: what is subtracted is the expectation, which has no counts of its own.
        """
        backgrounds = [name for name in self.components if name not in self.signals]
        taken = [STEADY_STATE] if STEADY_STATE in backgrounds else backgrounds
        counts = np.sum([self.components[name] for name in taken], axis=0) + np.zeros(len(self.edges) - 1)
        return replace(
            self,
            components={name: each for name, each in self.components.items() if name not in taken},
            draws=None if self.draws is None else self.draws - counts,
            observed=self.observed - counts,
            title=f"{self.title}, {'steady state' if taken == [STEADY_STATE] else 'backgrounds'} subtracted",
            quantity=f"residual {self.quantity}",
        )

    def per_unit(self) -> "Projection":
        """Counts over the widths of their bins."""
        widths = np.diff(self.edges)

        def over(counts: np.ndarray) -> np.ndarray:
            return counts / widths

        return replace(
            self,
            components={name: over(each) for name, each in self.components.items()},
            draws=None if self.draws is None else over(self.draws),
            observed=over(self.observed),
            error_down=over(self.error_down),
            error_up=over(self.error_up),
            quantity=self.quantity.replace(COUNTS, f"counts per {self.unit or 'unit'}"),
        )

    @property
    def places(self) -> np.ndarray:
        """Where the data stand in their bins: in the middle, of the logarithms where bins grow."""
        low, high = self.edges[:-1], self.edges[1:]
        return np.sqrt(low * high) if self.widths_grow else 0.5 * (low + high)

    def log_axes(self, style: PlotStyle) -> str:
        """Which axes are logarithmic."""
        if style.log is not None:
            return style.log
        return "" if not self.widths_grow else "x" if style.residual else "xy"

    @property
    def is_numbered(self) -> bool:
        """Whether the bins are numbers of something and no intervals of a quantity."""
        return not self.unit and not self.widths_differ and bool(np.all(self.edges % 1.0 == 0.5))

    def styled(self, style: PlotStyle) -> "Projection":
        """What a style makes of it."""
        shown = self.residual() if style.residual else self
        divided = self.widths_differ if style.per_unit is None else style.per_unit
        if COUNTS in shown.quantity and divided:
            return shown.per_unit()
        if COUNTS in shown.quantity and not self.widths_differ and len(self.edges) > 2 and not self.is_numbered:
            width = f"{self.edges[1] - self.edges[0]:.3g} {self.unit}".rstrip()
            return replace(shown, quantity=shown.quantity.replace(COUNTS, f"counts per {width}"))
        return shown


def projections(
    experiment: Experiment, components: Mapping[str, Any], expected: np.ndarray | None
) -> list[list[Projection]]:
    """Project each sample that holds the signal (the first, where none does) on each observable.

    Parameters
    ----------
    experiment
        The experiment.
    components
        Contributions ``[energy, time]`` by name.
    expected
        Draws ``[draw, sample, energy, time]`` of what is expected, or none.
    """
    found = []
    for index, sample in enumerate(experiment.samples):
        names = _stacking_order(experiment, sample)
        if not set(names) & set(experiment.interactions) and (experiment.interactions or index):
            continue
        observed = np.asarray(experiment.observed[index], dtype=float)
        counted = isinstance(experiment.likelihood, PoissonLikelihood)
        events = f", {observed.sum():.0f} events" if counted else ""
        ratio = float(experiment.time_ratios.get(sample, 1.0))
        row = []
        for axis in _shown_axes(experiment):
            down, up = _error_bars(experiment, index, axis)
            row.append(
                Projection(
                    title=f"{experiment.name}: {sample.replace('_', ' ')}{events}",
                    observable=experiment.axes[axis].name,
                    edges=np.asarray(experiment.axes[axis].edges),
                    components={name: ratio * experiment.project(components[name], axis) for name in names},
                    signals=frozenset(experiment.interactions),
                    draws=None if expected is None else experiment.project(expected[:, index], axis),
                    observed=experiment.project(observed, axis),
                    error_down=down,
                    error_up=up,
                    data_label=experiment.data_label,
                    quantity=experiment.quantity,
                )
            )
        found.append(row)
    return found


def _shown_axes(experiment: Experiment) -> list[int]:
    """Positions of the observables with more than one bin, or of the first."""
    return [number for number, axis in enumerate(experiment.axes) if axis.bins > 1] or [0]


def _error_bars(experiment: Experiment, sample: int, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of the error bars of the projected data, downwards and upwards."""
    shape = len(experiment.samples), *(each.bins for each in experiment.axes)
    observed = np.asarray(experiment.observed).reshape(shape)
    others = tuple(1 + other for other in range(len(experiment.axes)) if other != axis)
    down, up = experiment.likelihood.error_bars(observed, others)
    return down[sample], up[sample]


def _stacking_order(experiment: Experiment, sample: str) -> list[str]:
    """The steady-state background at the bottom, other backgrounds, and the signal on top."""
    names = experiment.sample_contributions(sample)
    return sorted(names, key=lambda name: (name in experiment.interactions, name != STEADY_STATE, name))
