"""Exclusion curves of dark matter boosted by cosmic rays: recoils beside nuclear lines in four detectors.

    python benchmarks/boosted_dark_matter.py [--plot docs/boosted-dark-matter.png]

Lines are M1 by the vector couplings of a portal and, for a dark photon, Gamow-Teller as if it had axial ones, too.

Expected limits at 90 %, one-sided and asymptotic, on data that are the background, whose norm is profiled; the flux and
strengths of levels are at their nominal values. Counts go with the fourth power of the kinetic mixing and the square of
alpha_B, so one prediction for each mass is enough. ``docs/boosted-dark-matter.md`` has what it prints.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import numpy as np
import typer
from machine import console_headed_by, machine
from rich.table import Table
from scipy.optimize import brentq, minimize_scalar

from cevnsjax.cross_section import DarkExcitation, GamowTeller
from cevnsjax.experiment import Experiment, named_experiment
from cevnsjax.models import named_model
from cevnsjax.paths import set_paths

DETECTORS = ("dune", "juno", "super-k", "hyper-k")
MODELS = {
    # coupling, where it starts, and the power of it that counts go with
    "vector-portal-dm": ("Y", 1e-10, 2),
    "leptophobic-dm": ("alpha_B", 1e-8, 2),
}
RECOILS, LINES, AXIAL = " recoils", " lines", " lines (GT)"
STYLES = {LINES: "-", RECOILS: "--", AXIAL: ":"}
MASSES_MEV = np.geomspace(0.1, 300.0, 12)
BACKGROUND_ERROR, DEVIATIONS = 0.2, 1.2815515655446004
_PARTICLE = "sources.halo.flux.dark_matter."


def signals(experiment: Experiment, coupling: str, value: float) -> np.ndarray:
    """Counts of the signal in each bin, shape ``[mass, bin]``."""

    @jax.jit
    def of_mass(mass):
        paths = [f"{_PARTICLE}mass_MeV", f"{_PARTICLE}portal.{coupling}"]
        counts = set_paths(experiment, paths, [mass, jnp.asarray(value)]).contributions()
        return sum(each.sum(axis=-1) for name, each in counts.items() if name != "steady_state")

    return np.array([np.asarray(of_mass(jnp.asarray(mass))) for mass in MASSES_MEV])


def limit(signal: np.ndarray, background: np.ndarray) -> float:
    """Multiple of a signal that is excluded; infinite if there is none."""
    if not signal.sum() > 0.0:
        return math.inf

    def statistic(multiple: float) -> float:
        def penalty(norm: float) -> float:
            expected = multiple * signal + norm * background
            deviance = expected - background - background * np.log(expected / background)
            return 2.0 * deviance.sum() + ((norm - 1.0) / BACKGROUND_ERROR) ** 2

        found: Any = minimize_scalar(penalty, bounds=(1e-3, 2.0), method="bounded", options={"xatol": 1e-7})
        return float(found.fun)

    start = math.log(np.sqrt(background.sum()) / signal.sum())
    root: Any = brentq(lambda log: statistic(math.exp(log)) - DEVIATIONS**2, start - 12.0, start + 12.0, xtol=1e-4)
    return math.exp(root)


def crossings(first: np.ndarray, second: np.ndarray) -> list[float]:
    """Masses at which two curves cross, MeV."""
    seen = np.isfinite(first) & np.isfinite(second)
    x, y = np.log(MASSES_MEV[seen]), np.log(first[seen] / second[seen])
    at = np.flatnonzero(y[:-1] * y[1:] < 0.0)
    return [float(np.exp(x[i] - y[i] * (x[i + 1] - x[i]) / (y[i + 1] - y[i]))) for i in at]


def curves(model: str) -> dict[str, np.ndarray]:
    """Limits on the coupling at each mass, and what dark matter of 10 MeV then loses in the rock, by experiment."""
    coupling, value, power = MODELS[model]
    found = {}
    for detector, end in itertools.product(DETECTORS, STYLES):
        if end == AXIAL and model != "vector-portal-dm":
            continue  # a boson of baryon number has no isovector coupling
        name = f"{detector}-boosted{'' if end == RECOILS else '-lines'}"
        experiment = named_model(model).prepared(named_experiment(name))
        if end == AXIAL:
            experiment = experiment.with_interactions({"lines": DarkExcitation.on(experiment.target, GamowTeller())})
        background = np.asarray(experiment.contributions()["steady_state"]).sum(axis=-1)
        multiples = [limit(each, background) for each in signals(experiment, coupling, value)]
        found[f"{detector}{end}"] = value * np.array(multiples) ** (1.0 / power)
    return found


def opacities(model: str, detector: str, limits: np.ndarray) -> np.ndarray:
    """Share of 10 MeV that is lost in the rock at each limit."""
    experiment = named_model(model).prepared(named_experiment(f"{detector}-boosted").unplaced())
    leaves = ["mass_MeV", f"portal.{MODELS[model][0]}"]

    def at(mass: float, coupling: float) -> float:
        flux = set_paths(experiment.sources["halo"].flux, [f"dark_matter.{leaf}" for leaf in leaves], [mass, coupling])
        return float(flux.opacity(jnp.asarray(10.0)))

    return np.array([at(m, g) if math.isfinite(g) else math.nan for m, g in zip(MASSES_MEV, limits, strict=True)])


def draw(found: dict[str, dict[str, np.ndarray]], path: Path) -> None:
    """Lines solid, recoils dashed, one panel for each model."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt
    from matplotlib.lines import Line2D

    figure, panels = plt.subplots(1, len(found), figsize=(11.0, 4.8), layout="constrained")
    for panel, (model, limits) in zip(panels, found.items(), strict=True):
        for index, detector in enumerate(DETECTORS):
            for end, style in STYLES.items():
                if f"{detector}{end}" in limits:
                    panel.loglog(MASSES_MEV, limits[f"{detector}{end}"], style, color=f"C{index}")
        panel.set(title=model, xlabel=r"$m_\chi$ / MeV", ylabel={"Y": "$Y$"}.get(MODELS[model][0], r"$\alpha_B$"))
    handles = [Line2D([], [], color=f"C{i}", label=each) for i, each in enumerate(DETECTORS)]
    handles += [Line2D([], [], color="0.3", ls=style, label=end) for end, style in STYLES.items()]
    panels[0].legend(handles=handles)
    figure.savefig(path, dpi=120)


def main(plot: Annotated[Path | None, typer.Option(help="where to draw the curves")] = None) -> None:
    """Print limits and crossings, and draw them if wanted."""
    jax.config.update("jax_enable_x64", True)
    console = console_headed_by(machine())
    found = {}
    for model, (coupling, _, _) in MODELS.items():
        found[model] = curves(model)
        for detector in DETECTORS:
            limits = {name: each for name, each in found[model].items() if name.startswith(f"{detector} ")}
            table = Table("m_chi [MeV]", *limits, title=f"{model}: limits on {coupling} (lost of 10 MeV)")
            lost = {name: opacities(model, detector, each) for name, each in limits.items()}
            for row, mass in enumerate(MASSES_MEV):
                table.add_row(f"{mass:.3g}", *(f"{limits[k][row]:.2e} ({lost[k][row]:.0e})" for k in limits))
            console.print(table)
        for detector, end in itertools.product(DETECTORS, (LINES, AXIAL)):
            if f"{detector}{end}" in found[model]:
                at = crossings(found[model][f"{detector}{end}"], found[model][f"{detector}{RECOILS}"])
                masses = ", ".join(f"{mass:.1f}" for mass in at) or "no mass"
                console.print(f"{detector}: recoils cross{end} at {masses} MeV")
    if plot is not None:
        draw(found, plot)


if __name__ == "__main__":
    typer.run(main)
