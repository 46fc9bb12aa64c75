"""Plots of posteriors, written to files without any global state of matplotlib."""

import warnings
from pathlib import Path

import equinox as eqx
import jax
import numpy as np

from cevnsjax.experiment.plots import BAND_COLOUR, INK, plot_projections
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.inference.model import Model
from cevnsjax.inference.posterior import Posterior

MOST_CORNER_PARAMETERS = 12


def plot_spectrum(posterior: Posterior, path: Path, draws: int = 400) -> None:
    """Draw data, posterior band and components, projected on each observable.

    Parameters
    ----------
    posterior
        The samples.
    path
        Where to write; the ending decides the format.
    draws
        Number of draws that the band and the means are made of.
    """
    predictions = jax.tree.map(np.asarray, _predictions(posterior, draws))
    parts = posterior.model.experiment.parts
    plot_projections(
        [
            (part, components, expected)
            for part, (expected, components) in zip(parts.values(), predictions, strict=True)
        ],
        path,
    )


@eqx.filter_jit
def _expected_and_components(model: Model, values):
    def point(at):
        return [(part.expected(), part.contributions()) for part in model.at(at).parts.values()]

    return [
        (expected, {name: counts.mean(axis=0) for name, counts in contributions.items()})
        for expected, contributions in map_in_batches(point, values, 64)
    ]


def _predictions(posterior: Posterior, draws: int):
    """For each experiment the expected counts ``[draw, sample, energy, time]``, and the mean of each component."""
    flat = {name: values.reshape(-1) for name, values in posterior.samples.items()}
    total = next(iter(flat.values())).size
    picks = np.linspace(0, total - 1, min(draws, total)).astype(int)
    return _expected_and_components(posterior.model, {name: values[picks] for name, values in flat.items()})


def plot_corner(posterior: Posterior, path: Path) -> None:
    """Draw all pairs of parameters with contours of 68 % and 90 %, and each with its median and central 68 %.

    Parameters
    ----------
    posterior
        The samples. Of more than twelve parameters the first are drawn, those of the model before nuisance parameters.
    path
        Where to write; the ending decides the format.
    """
    from matplotlib.figure import Figure

    corner = _corner()
    nuisances = {parameter.name for parameter in posterior.model.experiment.nuisances}
    shown = sorted(posterior.model.parameters, key=lambda p: p.name in nuisances)[:MOST_CORNER_PARAMETERS]
    flat = np.stack([np.asarray(posterior.samples[p.name], dtype=float).reshape(-1) for p in shown], axis=1)
    # the name of an experiment on a line of its own, and each step of a path
    names = [p.name.replace("_", " ").replace(".", "\n") for p in shown]
    labels = [
        f"{name}\n/ {p.unit.replace('us', 'µs')}" if p.unit else name for name, p in zip(names, shown, strict=True)
    ]
    size = len(shown)
    figure = Figure(figsize=(1.9 * size + 1.6, 1.9 * size + 1.6), dpi=100)
    grid = figure.subplots(size, size, squeeze=False)
    corner(
        flat,
        fig=figure,
        labels=labels,
        label_kwargs={"fontsize": 13, "color": INK},
        labelpad=0.08,
        range=[_span(values) for values in flat.T],
        # finer for the model's own parameters, which may have separated bands
        bins=[25 if p.name in nuisances else 60 for p in shown],  # pyright: ignore[reportArgumentType]
        smooth=1.0,
        levels=(0.68, 0.90),
        color=BAND_COLOUR,
        plot_datapoints=False,
        plot_density=False,
        fill_contours=True,
        max_n_ticks=3,
        hist_kwargs={"linewidth": 1.4},
        quiet=True,
    )
    for axis in figure.axes:
        axis.tick_params(labelsize=11)
    for index, name in enumerate(names):
        low, middle, high = np.quantile(flat[:, index], [0.16, 0.5, 0.84])
        digits = int(np.clip(1 - np.floor(np.log10(max(high - low, 1e-8) / 2.0)), 0, 8))
        value = f"${middle:.{digits}f}^{{+{high - middle:.{digits}f}}}_{{-{middle - low:.{digits}f}}}$"
        grid[index, index].set_title(f"{name}\n{value}", fontsize=13, color=INK)
    figure.savefig(path, bbox_inches="tight")


def _corner():
    """The function that draws; its package warns of ArviZ's next version when it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import corner
    return corner.corner


def _span(values: np.ndarray) -> tuple[float, float]:
    """Range of all but the outermost draws, of a width above zero."""
    low, high = np.quantile(values, [0.0005, 0.9995])
    padding = 0.0 if high > low else 1e-6 * max(1.0, abs(float(high)))
    return float(low - padding), float(high + padding)
