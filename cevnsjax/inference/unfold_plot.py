"""Plots of unfolded fluxes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cevnsjax.experiment.plots import BAND_COLOUR, INK, SIGNAL_COLOUR
from cevnsjax.inference.unfold import Unfolding
from cevnsjax.inference.unfold_bayesian import SampledFlux
from cevnsjax.inference.unfold_beta import PenaltyCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FONT_SIZE, _DPI = 10.0, 150
_SAMPLED_COLOUR = "#2a9d8f"
_DECADE, _MANY_BINS = 10.0, 60


def plot_unfolding(
    unfolding: Unfolding,
    edges_MeV: np.ndarray,
    path: Path,
    *,
    reference: np.ndarray | None = None,
    unit: str = "",
    title: str = "",
    curve: PenaltyCurve | None = None,
    sampled: SampledFlux | None = None,
) -> None:
    """Draw an unfolded flux over the reference, what is between them, and how the strength of the penalty matters.

    Parameters
    ----------
    unfolding, edges_MeV
        The flux, and the edges of its bins, MeV.
    path
        Where to write; the ending decides the format.
    reference
        The flux that it is compared with.
    unit
        Unit of both.
    title
        What stands above.
    curve
        What other strengths of the penalty give, for the panels at the right.
    sampled
        Draws of the flux, drawn beside it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6 if curve is not None else 6.4, 5.4), dpi=_DPI, layout="constrained")
    parts: Any = [figure, None] if curve is None else figure.subfigures(1, 2, width_ratios=[1.7, 1.0])
    left, right = parts
    if reference is None:
        lowest = upper = left.subplots()
    else:
        upper, lowest = left.subplots(2, 1, sharex=True, height_ratios=[2.6, 1.0])
        _draw_pulls(lowest, unfolding, edges_MeV, reference)
    _draw_flux(upper, unfolding, edges_MeV, reference, unit, sampled)
    lowest.set_xlabel("neutrino energy [MeV]", fontsize=_FONT_SIZE, color=INK)
    lowest.set_xlim(edges_MeV[0], edges_MeV[-1])
    if curve is not None:
        corner, bias = right.subplots(2, 1)
        _draw_l(corner, curve, unfolding)
        _draw_bias(bias, curve, unfolding)
    for axis in figure.axes:
        axis.tick_params(labelsize=_FONT_SIZE - 1)
        axis.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", color=INK, fontsize=_FONT_SIZE + 1)
    figure.savefig(path)


def _draw_flux(
    axis: "Axes",
    unfolding: Unfolding,
    edges_MeV: np.ndarray,
    reference: np.ndarray | None,
    unit: str,
    sampled: SampledFlux | None,
) -> None:
    flux, middle, half = np.asarray(unfolding.flux), 0.5 * (edges_MeV[1:] + edges_MeV[:-1]), 0.5 * np.diff(edges_MeV)
    if reference is not None:
        steps = {"color": SIGNAL_COLOUR, "linewidth": 1.8, "zorder": 2}
        axis.stairs(reference, edges_MeV, baseline=None, label="reference", **steps)
    if sampled is not None:
        for low, high, alpha in ((0.05, 0.95, 0.18), (0.16, 0.84, 0.3)):
            label = "sampled, 68 % and 90 %" if alpha > 0.2 else None
            band = {"baseline": sampled.quantile(low), "fill": True, "color": _SAMPLED_COLOUR, "linewidth": 0}
            axis.stairs(sampled.quantile(high), edges_MeV, alpha=alpha, label=label, zorder=1, **band)
    errors = None if unfolding.errors is None else np.asarray(unfolding.errors.sd)
    label = rf"unfolded, $\beta$ = {float(unfolding.beta):.3g}"
    if len(flux) > _MANY_BINS:
        axis.stairs(flux, edges_MeV, baseline=None, color=BAND_COLOUR, linewidth=1.3, label=label, zorder=3)
        if errors is not None:
            band = {"fill": True, "color": BAND_COLOUR, "alpha": 0.3, "linewidth": 0}
            axis.stairs(flux + errors, edges_MeV, baseline=flux - errors, **band)
    else:
        mark = {"fmt": "o", "color": BAND_COLOUR, "markersize": 3.5, "linewidth": 1.3}
        axis.errorbar(middle, flux, yerr=errors, xerr=half, label=label, **mark)
    axis.axhline(0.0, color=INK, linewidth=0.8)
    axis.set_ylabel(f"flux [{unit}]" if unit else "flux", fontsize=_FONT_SIZE, color=INK)
    # bins that nothing is known of do not set the scale
    shown = [flux] if reference is None else [flux, reference]
    top, bottom = max(each.max() for each in shown), min(0.0, flux.min())
    reach = np.zeros_like(flux) if errors is None else np.minimum(errors, 0.5 * top)
    above = flux + reach if sampled is None else np.maximum(flux + reach, np.minimum(sampled.quantile(0.95), 1.5 * top))
    top, bottom = max(top, above.max()), min(bottom, (flux - reach).min())
    axis.set_ylim(bottom - 0.04 * (top - bottom), top + 0.08 * (top - bottom))
    axis.legend(fontsize=_FONT_SIZE - 1, frameon=False)


def _draw_pulls(axis: "Axes", unfolding: Unfolding, edges_MeV: np.ndarray, reference: np.ndarray) -> None:
    axis.axhline(0.0, color=INK, linewidth=0.8)
    apart = np.asarray(unfolding.flux) - reference
    if unfolding.errors is None:
        axis.set_ylabel("difference", fontsize=_FONT_SIZE, color=INK)
    else:
        apart = apart / np.asarray(unfolding.errors.sd)
        axis.axhspan(-1.0, 1.0, color=BAND_COLOUR, alpha=0.12, linewidth=0)
        axis.set_ylabel("difference / error", fontsize=_FONT_SIZE, color=INK)
    axis.stairs(apart, edges_MeV, fill=True, color=BAND_COLOUR, alpha=0.75)


def _draw_l(axis: "Axes", curve: PenaltyCurve, unfolding: Unfolding) -> None:
    lowest = min(1e-8 * curve.roughness.max(), 1e-2 * float(unfolding.roughness))
    seen = (curve.chi2 > 0.0) & (curve.roughness > lowest)
    chi2, roughness = curve.chi2[seen], curve.roughness[seen]
    axis.plot(chi2, roughness, color=BAND_COLOUR, linewidth=1.6)
    axis.plot(float(unfolding.chi2), float(unfolding.roughness), "o", color=SIGNAL_COLOUR, markersize=7)
    axis.set_yscale("log")
    if chi2.max() > _DECADE * chi2.min():
        axis.set_xscale("log")
    axis.set_xlabel(r"$\chi^2$", fontsize=_FONT_SIZE, color=INK)
    axis.set_ylabel("roughness $S$", fontsize=_FONT_SIZE, color=INK)


def _draw_bias(axis: "Axes", curve: PenaltyCurve, unfolding: Unfolding) -> None:
    bins = len(unfolding.flux)
    axis.set_xlabel(r"strength of the penalty $\beta$", fontsize=_FONT_SIZE, color=INK)
    if curve.bias_significance is None:
        axis.semilogx(curve.beta, curve.smallest_flux, color=BAND_COLOUR, linewidth=1.6)
        axis.axhline(0.0, color=INK, linestyle=":", linewidth=1.0)
        axis.set_ylabel("smallest flux", fontsize=_FONT_SIZE, color=INK)
    else:
        axis.loglog(curve.beta, np.maximum(curve.bias_significance, 1e-3), color=BAND_COLOUR, linewidth=1.6)
        axis.axhline(bins, color=INK, linestyle=":", linewidth=1.0, label="number of bins")
        axis.legend(fontsize=_FONT_SIZE - 1, frameon=False)
        axis.set_ylabel("bias $B$", fontsize=_FONT_SIZE, color=INK)
    if float(unfolding.beta) > 0.0:
        axis.axvline(float(unfolding.beta), color=SIGNAL_COLOUR, linewidth=1.6)
