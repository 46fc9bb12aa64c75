"""Time and memory of likelihoods of nuclear lines, beside a loop of ``scipy.integrate.quad`` over the levels.

    python benchmarks/nuclear_lines.py [--quick] [--case NAME ...] [--json FILE]

COHERENT's NaI (``coherent-nai-lines``) with the 235 levels that add most counts, and 1 t of CsI at a reactor that
looks for ALPs (``reactor-alp-csi-1t``). What each line means is in ``benchmarks/README.md``. The figures mean nothing
without the machine that is printed with them.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import time
from pathlib import Path
from typing import Annotated, Any

import equinox as eqx
import jax
import line_baselines
import numpy as np
import numpyro.distributions as dist
import typer
from csi_likelihood import ResidentMemory, on_leaves
from machine import RUSAGE_UNIT, console_headed_by, machine
from rich.table import Table

from cevnsjax.cross_section import LongWavelength
from cevnsjax.experiment import EXPERIMENTS, Experiment, named_experiment
from cevnsjax.inference import Model, build_model
from cevnsjax.parameter import Parameter

LEVELS = 235
CHUNK = 64
CASES = {
    "long wavelength": "q = 0; flux, background, two strengths and g_A float: the folding is constant",
    "couplings float": "the same with finite momentum transfer",
    "folding moves": "the same, M_A and the radii of both transitions float too: every level is folded at every point",
    "ALPs": "alp-nucleon-photon: mass, two couplings, flux and background float",
}


# --------------------------------------------------------------------------------------------------------------------
# The models


@functools.cache
def line_experiment(number: int, long_wavelength: bool = False) -> Experiment:
    """COHERENT's NaI with the levels that add most counts."""
    experiment = EXPERIMENTS["coherent-nai-lines"]()
    events = experiment.spectrum("nc", "sns").events.sum(axis=0)
    seen = np.asarray(events * experiment.kernel("nc", "sns").sum(axis=1))
    keep = np.zeros(seen.size, dtype=bool)
    keep[np.argsort(seen)[-number:]] = True
    levels = experiment.target.levels
    ends = np.cumsum([len(one.spins) for one in levels.values()])[:-1]
    kept = [one.take(mask) for one, mask in zip(levels.values(), np.split(keep, ends), strict=True)]
    experiment = eqx.tree_at(lambda e: e.target, experiment, experiment.target.with_levels(*kept))
    if long_wavelength:
        experiment = eqx.tree_at(lambda e: e.interactions["nc"].shape, experiment, LongWavelength())
    return eqx.filter_jit(Experiment.asimov)(experiment)


def model(case: str, number: int) -> Model:
    """A case of :data:`CASES`."""
    if case == "ALPs":
        return build_model(named_experiment("reactor-alp-csi-1t"), "alp-nucleon-photon")
    experiment = line_experiment(number, case == "long wavelength")
    if case != "folding moves":
        return build_model(experiment, "sm-axial")
    shape = "interactions.nc.shape."
    moving = [Parameter("axial_mass", dist.LogNormal(np.log(1026.0), 0.1), f"{shape}axial_mass_MeV", "MeV")]
    for name, factor in experiment.interactions["nc"].shape.form_factors.items():  # pyright: ignore
        prior = dist.LogNormal(np.log(float(factor.rms_radius_fm)), 0.05)
        moving.append(Parameter(f"radius_{name}", prior, f"{shape}form_factors.{name}.rms_radius_fm", "fm"))
    return Model(experiment, (*build_model(experiment, "sm-axial").parameters, *moving))


# --------------------------------------------------------------------------------------------------------------------
# Measuring


def likelihood(built: Model, points: int, repeats: int) -> dict[str, Any]:
    """Time per point and memory of value and gradient at draws from the prior, in chunks."""
    function, arrays = on_leaves(built, CHUNK)
    arguments = (arrays, built.experiment.observed, built.prior_latents(jax.random.key(0), points))
    started = time.perf_counter()
    compiled = function.lower(*arguments).compile()
    compile_s = time.perf_counter() - started
    watch = ResidentMemory()
    values, gradients = jax.block_until_ready(compiled(*arguments))
    added = watch.stop() - watch.before
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        times.append(1e6 * (time.perf_counter() - started) / points)
    return {
        "parameters": list(built.names),
        "points": points,
        "median_us": float(np.median(times)),
        "minimum_us": min(times),
        "repeats": repeats,
        "compile_s": compile_s,
        "temporary_MB": compiled.memory_analysis().temp_size_in_bytes / 1e6,
        "rss_added_MB": added,
        "finite": float(np.mean(np.isfinite(values) & np.isfinite(gradients).all(axis=1))),
    }


def inputs(experiment: Experiment) -> tuple[list[line_baselines.Level], line_baselines.Detector]:
    """The numbers of an experiment that the usual way starts from."""
    target, response = experiment.target, experiment.response
    flux = experiment.sources["sns"].flux
    shape = experiment.interactions["nc"].shape  # pyright: ignore
    levels = []
    for name, table in target.levels.items():
        factor = shape.form_factors[name] if hasattr(shape, "form_factors") else None
        nucleus = (
            float(target.nuclides[name].mass_MeV),
            float(target.nuclei_per_kg(name)),
            0.0 if factor is None else float(factor.rms_radius_fm),
            0 if factor is None else factor.quanta,
        )
        for i in range(len(table.spins)):
            strengths = float(table.energy_MeV[i]), float(table.proton_spin[i]), float(table.neutron_spin[i])
            quenching = float(table.quenching * table.relative_strength[i])
            levels.append(line_baselines.Level(*strengths, table.ground_state_spin, quenching, *nucleus))
    detector = line_baselines.Detector(
        float(flux.fluence_per_cm2[0]),
        float(experiment.mass_kg),
        np.asarray(response.edges_keV),  # pyright: ignore
        float(response.resolution.stochastic_sqrt_keV),  # pyright: ignore
    )
    return levels, detector


def usual_way(experiment: Experiment, long_wavelength: bool, repeats: int) -> dict[str, Any]:
    """Time of the counts by SciPy, and how far they are from the package's, over the largest of the flavour."""
    levels, detector = inputs(experiment)
    times, found = [], np.zeros(0)
    for _ in range(repeats):
        started = time.perf_counter()
        found = line_baselines.counts(levels, detector, not long_wavelength)
        times.append(1e6 * (time.perf_counter() - started))
    ours = np.asarray(experiment.spectrum("nc", "sns").events @ experiment.kernel("nc", "sns"))
    return {
        "levels": len(levels),
        "median_us": float(np.median(times)),
        "minimum_us": min(times),
        "repeats": repeats,
        "largest_relative_difference": float(np.abs(ours / found - 1.0).max()),
        "counts": float(found.sum()),
    }


def run(cases: list[str], quick: bool) -> dict[str, Any]:
    """Measure cases one after the other."""
    number, points, repeats = (12, 2 * CHUNK, 2) if quick else (LEVELS, 64 * CHUNK, 5)
    results: dict[str, Any] = {}
    for case in cases:
        built = model(case, number)
        results[case] = likelihood(built, points, repeats)
        results[case]["process_peak_rss_MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RUSAGE_UNIT
    usual: dict[str, Any] = {}
    for name, long_wavelength in {"quad": True, "nested quad": False}.items():
        compared = [case for case in cases if case != "ALPs" and (case == "long wavelength") == long_wavelength]
        if compared:
            usual[name] = usual_way(line_experiment(number, long_wavelength), long_wavelength, 2 if quick else 3)
        for case in compared:
            results[case]["usual"] = name
            results[case]["ratio"] = {
                kind: usual[name][f"{kind}_us"] / results[case][f"{kind}_us"] for kind in ("median", "minimum")
            }
    return {"cases": results, "usual": usual}


# --------------------------------------------------------------------------------------------------------------------
# Printing


def show(report: dict[str, Any]) -> None:
    """Print the tables."""
    m, result = report["machine"], report["result"]
    console = console_headed_by(m)
    console.print("load average " + "; ".join(" ".join(f"{x:.1f}" for x in load) for load in report["load_average"]))
    table = Table(title=f"Value and gradient in chunks of {CHUNK}, median (smallest)")
    for column in ("case", "parameters", "us per point", "temporary, MB", "resident added, MB", "usual way / ours"):
        table.add_column(column, justify="left" if column == "case" else "right")
    for case, r in result["cases"].items():
        ratio = f"{r['ratio']['median']:,.0f} ({r['ratio']['minimum']:,.0f})" if "ratio" in r else ""
        table.add_row(
            case,
            str(len(r["parameters"])),
            f"{r['median_us']:.3g} ({r['minimum_us']:.3g})",
            f"{r['temporary_MB']:.1f}",
            f"{r['rss_added_MB']:.0f}",
            ratio,
        )
    console.print(table)
    for name, r in result["usual"].items():
        console.print(
            f"{name}, {r['levels']} levels, counts alone: {1e-3 * r['median_us']:.4g} ms "
            f"({1e-3 * r['minimum_us']:.4g}); "
            f"largest relative difference of a bin of a flavour {r['largest_relative_difference']:.1e}."
        )


def main(
    quick: Annotated[bool, typer.Option(help="A small run that only shows that everything works.")] = False,
    case: Annotated[list[str] | None, typer.Option(help=f"Only this case: {', '.join(CASES)}.")] = None,
    output: Annotated[Path | None, typer.Option("--json", help="Where to write everything that was measured.")] = None,
) -> None:
    """Measure likelihoods of nuclear lines, and print and write what came out."""
    jax.config.update("jax_enable_x64", True)
    chosen = case or list(CASES)
    if unknown := set(chosen) - set(CASES):
        raise typer.BadParameter(f"there is no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    before = os.getloadavg()
    result = run(chosen, quick)
    report = {
        "machine": machine(),
        "quick": quick,
        "cases": CASES,
        "load_average": [before, os.getloadavg()],
        "result": result,
    }
    show(report)
    if output is not None:
        output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
