"""Plots of calibrations: ranks of true values."""

from pathlib import Path

import numpy as np

from cevnsjax.experiment.plots import BAND_COLOUR, INK, SIGNAL_COLOUR
from cevnsjax.inference.calibration import LOG_LIKELIHOOD, Calibration
from cevnsjax.inference.model import Model

_FONT_SIZE, _DPI, _COLUMNS = 10.0, 150, 4


def plot_calibration(calibration: Calibration, model: Model, path: Path) -> None:
    """Draw a histogram of the ranks of every quantity, with the band that holds 99 % of the bins of uniform ranks.

    Ranks that pile up at both ends are those of posteriors that are too narrow, in the middle of too wide ones, at one
    end of shifted ones.

    Parameters
    ----------
    calibration, model
        The calibration, and the model that it is of.
    path
        Where to write; the ending decides the format.
    """
    from matplotlib.figure import Figure

    labels = {parameter.name: parameter.label for parameter in model.parameters} | {LOG_LIKELIHOOD: "log-likelihood"}
    columns = min(_COLUMNS, len(labels))
    rows = -(-len(labels) // columns)
    figure = Figure(figsize=(3.1 * columns, 0.6 + 2.3 * rows), dpi=_DPI, layout="constrained")
    axes = np.ravel(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False))
    edges = np.linspace(0.0, 1.0, calibration.bins + 1)
    for axis, (name, label) in zip(axes, labels.items(), strict=False):
        axis.axhspan(*calibration.band, color=SIGNAL_COLOUR, alpha=0.25, linewidth=0)
        axis.axhline(calibration.datasets / calibration.bins, color=INK, linestyle=":", linewidth=1.0)
        axis.stairs(calibration.counts(name), edges, fill=True, color=BAND_COLOUR, alpha=0.75)
        axis.set_title(f"{label}, p = {calibration.p_value(name):.2g}", loc="left", color=INK, fontsize=_FONT_SIZE)
        axis.tick_params(labelsize=_FONT_SIZE - 1)
    for axis in axes[len(labels) :]:
        axis.set_visible(False)
    axes[0].set_xlim(0.0, 1.0)
    axes[0].set_ylim(bottom=0.0)
    figure.suptitle(
        f"{model.experiment.name}: ranks of {calibration.datasets} true values among {calibration.draws} draws",
        x=0.01,
        ha="left",
        color=INK,
        fontsize=_FONT_SIZE + 1,
    )
    figure.supxlabel("rank / largest rank", fontsize=_FONT_SIZE, color=INK)
    figure.supylabel("data sets", fontsize=_FONT_SIZE, color=INK)
    figure.savefig(path)
