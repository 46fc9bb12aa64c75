"""Time of dark matter at CCM, with gradients, beside a Monte Carlo of the same decays in NumPy.

    python benchmarks/dark_matter.py [--quick] [--json FILE]

Events above 25 keV in 7 t of argon, 20 m from the Lujan target at 90 degrees, for 2.25e22 protons: pi0 -> gamma V*, V*
-> chi chi with m_V = 3 m_chi and alpha_D = 0.5; and the likelihood of ``ccm200`` with dark matter beside neutrinos.
What each line means is in ``benchmarks/README.md``. Figures mean nothing without the machine that is printed with them.
"""

from __future__ import annotations

import functools
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import typer
from csi_likelihood import on_leaves
from dark_decays import Beam, sampled_events
from machine import console_headed_by, machine
from rich.table import Table

from cevnsjax.cross_section import DarkNucleus, Panels
from cevnsjax.experiment import EXPERIMENTS, Experiment
from cevnsjax.flux import DarkFlux, NeutralPion, PromptArrival, Source, beam_pions, decay_at_rest_facility
from cevnsjax.inference import Model
from cevnsjax.parameter import Parameter
from cevnsjax.particle import ScalarDarkMatter, VectorPortal
from cevnsjax.target import compound

POINTS = 64
MASS_KG, DISTANCE_M, PROTONS, THRESHOLD_KEV, MASS_RATIO, ALPHA_D = 7000.0, 20.0, 2.25e22, 25.0, 3.0, 0.5
HIGHEST_KEV = 2000.0  # form factors leave 1e-6 above
NODES = 16  # in each half of the logarithm
POINT = (10.0, 1e-4)  # m_chi in MeV, epsilon


# --------------------------------------------------------------------------------------------------------------------
# Ours


def particle(mass_MeV, epsilon) -> ScalarDarkMatter:
    return ScalarDarkMatter(mass_MeV=mass_MeV, portal=VectorPortal(epsilon, ALPHA_D), mass_ratio=MASS_RATIO)


def flux(pions: NeutralPion, mass_MeV, epsilon, protons: float = PROTONS, slices: tuple[float, ...] = (0.0,)):
    return DarkFlux(particle(mass_MeV, epsilon), {"pi0": pions}, protons, DISTANCE_M, 90.0, slices)


def events(pions: NeutralPion, point, nodes: int = NODES):
    """Events for (m_chi, epsilon)."""
    panels = Panels(THRESHOLD_KEV, HIGHEST_KEV, (), ((), ((0.5, nodes), (1.0, nodes))))
    source, argon, interaction = flux(pions, *point), compound("Ar"), DarkNucleus()
    found = interaction.spectrum(interaction.nodes(source, argon, panels), source, argon)
    return MASS_KG * found.total().sum()


def stages(pions: NeutralPion) -> dict[str, Callable]:
    """What a point is made of, each with its gradient: a stage has those before it inside."""

    def emitted(point):
        source = flux(pions, *point)
        return source.production["pi0"].emission(source.dark_matter, jnp.zeros(())).density.sum()

    def pairs(point):
        source = flux(pions, *point)
        return source.production["pi0"].branching_ratio(source.dark_matter)  # pyright: ignore

    def moments(point):
        panels = Panels(THRESHOLD_KEV, HIGHEST_KEV, (), ((), ((0.5, NODES), (1.0, NODES))))
        return panels.nodes(flux(pions, *point), compound("Ar").nuclides["Ar40"].mass_MeV)[1].sum()

    return {"pairs of one s": pairs, "emission": emitted, "moments of the flux": moments}


def prior_points(number: int) -> jax.Array:
    """Points over the prior: m_chi from 2 to 60 MeV, epsilon from 1e-6 to 1e-3."""
    mass, mixing = jax.random.uniform(jax.random.key(0), (2, number))
    return jnp.stack([2.0 * 30.0**mass, 1e-6 * 1e3**mixing], axis=1)


def measured(function: Callable[..., Any], arguments: tuple[Any, ...], points: int, repeats: int) -> dict[str, float]:
    """Time per point of a function that is compiled first, us."""
    started = time.perf_counter()
    compiled = jax.jit(function).lower(*arguments).compile()
    compile_s = time.perf_counter() - started
    found = jax.block_until_ready(compiled(*arguments))
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        times.append(1e6 * (time.perf_counter() - started) / points)
    finite = all(bool(np.all(np.isfinite(leaf))) for leaf in jax.tree.leaves(found))
    return {
        "median_us": float(np.median(times)),
        "minimum_us": min(times),
        "repeats": repeats,
        "compile_s": compile_s,
        "temporary_MB": compiled.memory_analysis().temp_size_in_bytes / 1e6,  # pyright: ignore
        "finite": finite,
    }


def both_ways(function: Callable) -> dict[str, Callable]:
    """Value and gradient of many points at once, and one after the other."""
    each = jax.value_and_grad(function)
    return {"at once": jax.vmap(each), "one by one": lambda points: jax.lax.map(each, points)}


# --------------------------------------------------------------------------------------------------------------------
# Likelihoods


def ccm200() -> Experiment:
    """CCM200 with dark matter, and the helicity of V."""
    experiment, lujan = EXPERIMENTS["ccm200"](), decay_at_rest_facility("lujan")
    pions, protons = NeutralPion(mesons=beam_pions("lujan")), PROTONS / float(experiment.exposure_days)
    dark = flux(pions, *POINT, protons, slices=(0.0, 0.1, 0.35, 1.8))
    return experiment.with_sources({"dark": Source(dark, PromptArrival(lujan.pulse()))}).with_interactions(
        {"dark": DarkNucleus()}
    )


def likelihoods(experiment: Experiment) -> dict[str, Model]:
    """Models by what floats, all with the nuisance parameters of the experiment."""
    where = "sources.dark.flux.dark_matter."
    mass = Parameter("m_chi", dist.LogUniform(2.0, 60.0), f"{where}mass_MeV", "MeV")
    mixing = Parameter("epsilon", dist.LogUniform(1e-6, 1e-3), f"{where}portal.epsilon")
    norm = Parameter("dark_norm", dist.LogUniform(1e-4, 1e4), "sources.dark.flux.norm")
    alone = {"m_chi, epsilon": (mass, mixing), "epsilon": (mixing,), "norm": (norm,)}
    return {name: Model(experiment, (*experiment.nuisances, *free)) for name, free in alone.items()}


def of_likelihood(model: Model, points: int, chunk: int, repeats: int) -> dict[str, float]:
    function, arrays = on_leaves(model, chunk)
    latents = model.prior_latents(jax.random.key(0), points)
    return measured(function, (arrays, model.experiment.observed, latents), points, repeats)


# --------------------------------------------------------------------------------------------------------------------
# Running and printing


def beam() -> Beam:
    """The numbers that the Monte Carlo starts from."""
    pions, argon = beam_pions("lujan"), compound("Ar")
    nuclei = float(sum(argon.nuclei_per_kg(name) for name in argon.nuclides))
    return Beam(
        np.asarray(pions.kinetic_energy_MeV),
        np.asarray(pions.mesons_per_proton),
        np.asarray(pions.angular_moments),
        PROTONS,
        DISTANCE_M,
        MASS_KG * nuclei,
        THRESHOLD_KEV,
    )


def usual_way(samples: int, repeats: int) -> dict[str, float]:
    """The Monte Carlo at one point: its time, and that of an error of 1 %."""
    given, times, found = beam(), [], (0.0, 0.0)
    for key in range(repeats):
        started = time.perf_counter()
        found = sampled_events(given, *POINT, ALPHA_D, MASS_RATIO, samples, np.random.default_rng(key))
        times.append(time.perf_counter() - started)
    number, error = found
    to_percent = (error / number / 0.01) ** 2
    return {
        "samples": samples,
        "events": number,
        "error": error,
        "median_s": float(np.median(times)),
        "minimum_s": min(times),
        "repeats": repeats,
        "one_percent_median_s": to_percent * float(np.median(times)),
        "one_percent_minimum_s": to_percent * min(times),
    }


def run(quick: bool) -> dict[str, Any]:
    repeats = 2 if quick else 9
    points, pions = prior_points(POINTS), NeutralPion(mesons=beam_pions("lujan"), isotropic=True)
    counted = functools.partial(events, pions)
    ours = {name: measured(way, (points,), POINTS, repeats) for name, way in both_ways(counted).items()}
    parts = (
        {}
        if quick
        else {
            name: measured(both_ways(stage)["at once"], (points,), POINTS, repeats)
            for name, stage in stages(pions).items()
        }
    )
    at_point = float(jax.jit(counted)(jnp.asarray(POINT)))
    fine = float(jax.jit(lambda point: counted(point, 4 * NODES))(jnp.asarray(POINT)))
    usual = usual_way(200_000 if quick else 4_000_000, 2 if quick else 5)
    models = likelihoods(ccm200())
    chosen = ("epsilon",) if quick else tuple(models)
    return {
        "events": {
            "ways": ours,
            "parts": parts,
            "at_point": at_point,
            "error_of_nodes": at_point / fine - 1.0,
            "usual": usual,
            "distance_in_errors": (at_point - usual["events"]) / usual["error"],
            "ratio": {
                kind: 1e6 * usual[f"one_percent_{kind}_s"] / ours["at once"][f"{kind}_us"]
                for kind in ("median", "minimum")
            },
        },
        "likelihood": {name: of_likelihood(models[name], 4 * POINTS, POINTS, repeats) for name in chosen},
    }


def show(report: dict[str, Any]) -> None:
    """Print the tables."""
    result = report["result"]
    console = console_headed_by(report["machine"])
    console.print("load average " + "; ".join(" ".join(f"{x:.1f}" for x in load) for load in report["load_average"]))
    table = Table(title=f"Value and gradient, {POINTS} points, median (smallest)")
    for column in ("what", "us per point", "compiling, s", "temporary, MB", "finite"):
        table.add_column(column, justify="left" if column == "what" else "right")
    of_events = result["events"]
    rows = {f"events, {name}": row for name, row in of_events["ways"].items()}
    rows |= {f"events at once, up to {name}": row for name, row in of_events["parts"].items()}
    rows |= {f"likelihood of ccm200, {name} free": row for name, row in result["likelihood"].items()}
    for name, row in rows.items():
        time_us = f"{row['median_us']:.4g} ({row['minimum_us']:.4g})"
        table.add_row(name, time_us, f"{row['compile_s']:.1f}", f"{row['temporary_MB']:.1f}", str(row["finite"]))
    console.print(table)
    usual, ratio = of_events["usual"], of_events["ratio"]
    console.print(
        f"NumPy Monte Carlo, {usual['samples']:,} pions: {usual['events']:.2f} +- {usual['error']:.2f} events, "
        f"{usual['median_s']:.3g} s ({usual['minimum_s']:.3g}); 1 % needs {usual['one_percent_median_s']:.3g} s "
        f"({usual['one_percent_minimum_s']:.3g}), {ratio['median']:,.0f} ({ratio['minimum']:,.0f}) times ours."
    )
    console.print(
        f"Ours {of_events['at_point']:.2f} events, {of_events['distance_in_errors']:+.1f} errors of the Monte Carlo "
        f"from it; four times the nodes move it by {of_events['error_of_nodes']:.1e}."
    )


def main(
    quick: Annotated[bool, typer.Option("--quick", help="A small run that only shows that everything works.")] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Where to write everything that was measured.")] = None,
) -> None:
    """Measure dark matter at CCM, and print and write what came out."""
    jax.config.update("jax_enable_x64", True)
    before = os.getloadavg()
    result = run(quick)
    report = {"machine": machine(), "quick": quick, "load_average": [before, os.getloadavg()], "result": result}
    show(report)
    if output is not None:
        output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
