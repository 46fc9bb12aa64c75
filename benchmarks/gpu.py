"""What an accelerator makes of the likelihood and of HMC, in ten minutes.

    python benchmarks/gpu.py [--quick] [--json FILE]

Evaluations of value and gradient per second by number of points, in both precisions; effective draws per second by
number of chains; points of a map per second. Beside them stand the bandwidth of the device's memory, measured by a sum
of two arrays, and the share of it that the likelihood uses by XLA's count of bytes: a count before fusion, so an upper
limit of the share. On a processor it shows that it works.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import typer
from csi_likelihood import measure, value_and_gradient
from machine import console_headed_by, machine
from rich.table import Table

from cevnsjax.experiment import named_experiment
from cevnsjax.inference import Model, Schedule, build_model, profile_map, sample

POINTS, QUICK_POINTS = (1_000, 10_000, 100_000, 1_000_000), (64, 256)
CHAINS, QUICK_CHAINS = (64, 256, 1024, 4096, 16_384), (16,)
CHUNK = 16_384
"""Most points side by side: memory stays bounded."""


def bandwidth_GB_per_s(kind: str, quick: bool) -> float:
    """Of memory: two arrays read, one written."""
    number = 10_000_000 if quick else 100_000_000
    first, second = jnp.ones(number, kind), jnp.ones(number, kind)
    add = jax.jit(jnp.add)
    timing = measure(lambda: add(first, second), 1, 5)
    return 3.0 * first.nbytes / (timing.median_us * 1e-6) / 1e9


def bytes_per_point(model: Model, chunk: int) -> float:
    """Bytes that XLA counts for a point of value and gradient."""
    latents = np.zeros((chunk, len(model.names)), model.scale.dtype)
    compiled = eqx.filter_jit(value_and_gradient).lower(model, model.data(), latents, None).compile()
    counted = compiled.compiled.cost_analysis()
    return float(counted["bytes accessed"]) / chunk


def evaluations(model: Model, quick: bool) -> dict[str, Any]:
    """Evaluations of value and gradient per second, by number of points of a call."""
    kind, found = str(model.scale.dtype), {}
    speed, size = bandwidth_GB_per_s(kind, quick), bytes_per_point(model, 64 if quick else 4096)
    for number in QUICK_POINTS if quick else POINTS:
        latents = model.prior_latents(jax.random.key(number), number)
        chunk = None if number <= CHUNK else CHUNK
        timing = measure(lambda x=latents, c=chunk: value_and_gradient(model, model.data(), x, c), number, 5)
        rate = 1e6 / timing.median_us
        found[str(number)] = {"per_s": rate, "share_of_bandwidth": rate * size / (1e9 * speed)}
    return {"bandwidth_GB_per_s": speed, "bytes_per_point": size, "points": found}


def sampling(model: Model, chains: int, draws: int) -> dict[str, float]:
    """Effective draws per second, smallest of all parameters, after a run that compiles."""
    schedule = Schedule(chains=chains, samples=draws)
    sample(model, jax.random.key(0), schedule)
    started = time.perf_counter()
    posterior = sample(model, jax.random.key(1), schedule)
    wall_s = time.perf_counter() - started
    summary = posterior.summary()
    effective = min(summary[name]["ess_bulk"] for name in model.names)
    r_hat = max(summary[name]["r_hat"] for name in model.names)
    return {"wall_s": wall_s, "effective": effective, "effective_per_s": effective / wall_s, "r_hat": r_hat}


def mapped(model: Model, side: int) -> dict[str, float]:
    """Points per second of a map of two couplings, all else profiled, after one that compiles."""
    axis = np.linspace(-1.0, 1.0, side)
    for _ in range(2):
        started = time.perf_counter()
        found = profile_map(model, {"eps_ee_u": axis, "eps_ee_d": axis}, refine=False)
        wall_s = time.perf_counter() - started
    return {"points": side**2, "per_s": side**2 / wall_s, "not_converged": found.not_converged}


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Only show that it works.")] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Where to write everything that was measured.")] = None,
) -> None:
    """Measure, and print and write what came out, after every part."""
    report: dict[str, Any] = {"machine": machine(), "load_average": os.getloadavg(), "evaluations": {}, "sampling": {}}
    console = console_headed_by(report["machine"])

    def keep() -> None:
        if output is not None:
            output.write_text(json.dumps(report, indent=1) + "\n")

    experiment = named_experiment("coherent-csi-2021")
    for precision in ("float32", "float64"):
        jax.config.update("jax_enable_x64", precision == "float64")
        experiment = named_experiment("coherent-csi-2021")
        report["evaluations"][precision] = each = evaluations(build_model(experiment, "sm"), quick)
        table = Table(title=f"value and gradient, {precision}; memory {each['bandwidth_GB_per_s']:.0f} GB/s")
        for column in ("points of a call", "points per second", "share of the bandwidth"):
            table.add_column(column, justify="right")
        for number, one in each["points"].items():
            table.add_row(number, f"{one['per_s']:,.0f}", f"{100 * one['share_of_bandwidth']:.0f} %")
        console.print(table)
        keep()
    model = build_model(experiment, "sm")
    for chains in QUICK_CHAINS if quick else CHAINS:
        report["sampling"][str(chains)] = one = sampling(model, chains, 25 if quick else 100)
        console.print(
            f"{chains} chains: {one['effective_per_s']:,.0f} effective draws a second, warm-up included "
            f"({one['effective']:,.0f} in {one['wall_s']:.1f} s, R-hat {one['r_hat']:.3f})"
        )
        keep()
    report["map"] = found = mapped(build_model(experiment, "nsi"), 8 if quick else 256)
    console.print(f"map: {found['per_s']:,.0f} points a second, {found['not_converged']} not converged")
    keep()


if __name__ == "__main__":
    typer.run(main)
