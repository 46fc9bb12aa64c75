"""A figure of the neutrino fog."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cevnsjax.design.fog import DiscoveryLimits, FogLine
from cevnsjax.experiment.plots import INK

_FONT_SIZE, _DPI = 10.0, 150
_UNIT_CM2 = 1e-45
_MEV_PER_GEV = 1e3
_LOWEST, _HIGHEST = 1.5, 6.0  # opacities that differ in colour
_LOWEST_TICK = 2.0
_LINES = ("-", "--", ":", "-.")
_ABOVE = 30.0  # factor of the cross section that is shown above the highest line
_BELOW = 1e-3  # ... and below the lowest one


def plot_fog(
    mass_MeV: np.ndarray, limits: DiscoveryLimits, lines: Mapping[str, FogLine], path: Path, title: str
) -> None:
    """Draw the opacity in the plane of mass and cross section, and where the fog begins.

    Parameters
    ----------
    mass_MeV
        Masses, MeV, at least two, increasing.
    limits
        Discovery limits of many exposures: what is coloured.
    lines
        Where the fog begins (n = 2) in one or several models, by what the legend calls them.
    path
        Where to write; the ending decides the format.
    title
        What stands above.
    """
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, Normalize
    from matplotlib.figure import Figure

    masses = np.asarray(mass_MeV) / _MEV_PER_GEV
    sections = _UNIT_CM2 * np.asarray(limits.cross_section_1e45cm2)
    figure = Figure(figsize=(6.8, 4.6), dpi=_DPI, layout="constrained")
    axis = figure.subplots()
    shades = colormaps["BuPu"](np.linspace(0.0, 0.95, 256))
    shades[0] = (1.0, 1.0, 1.0, 1.0)  # no fog
    drawn = axis.pcolormesh(
        np.broadcast_to(masses[:, None], sections.shape),
        sections,
        np.asarray(limits.opacity),
        cmap=ListedColormap(shades),
        norm=Normalize(_LOWEST, _HIGHEST),
        shading="gouraud",
        rasterized=True,
    )
    for (name, line), style in zip(lines.items(), _LINES, strict=False):
        begins = _UNIT_CM2 * np.asarray(line.cross_section_1e45cm2)
        axis.plot(masses, begins, style, color=INK, linewidth=1.4, label=f"n = 2, {name}")
    every = np.concatenate([_UNIT_CM2 * np.asarray(line.cross_section_1e45cm2) for line in lines.values()])
    known = every[np.isfinite(every)]
    low, high = (known.min(), known.max()) if known.size else (np.nanmin(sections), np.nanmax(sections))
    axis.set(
        xscale="log",
        yscale="log",
        xlim=(masses[0], masses[-1]),
        ylim=(_BELOW * low, _ABOVE * high),
    )
    axis.set_xlabel("WIMP mass [GeV]", color=INK, fontsize=_FONT_SIZE)
    axis.set_ylabel(r"$\sigma_p$ [cm$^2$]", color=INK, fontsize=_FONT_SIZE)
    axis.set_title(title, loc="left", color=INK, fontsize=_FONT_SIZE + 1)
    axis.tick_params(which="both", labelsize=_FONT_SIZE - 1)
    axis.legend(frameon=False, fontsize=_FONT_SIZE - 1, loc="upper right")
    bar = figure.colorbar(drawn, ax=axis, extend="both", pad=0.02, ticks=np.arange(_LOWEST_TICK, _HIGHEST + 1.0))
    bar.set_label(r"$n = -(\mathrm{d}\,\ln\sigma/\mathrm{d}\,\ln N)^{-1}$", color=INK, fontsize=_FONT_SIZE)
    bar.ax.tick_params(labelsize=_FONT_SIZE - 1)
    figure.savefig(path)
