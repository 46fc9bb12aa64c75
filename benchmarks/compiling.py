"""What the options cost and save that programs are compiled with on processors (``cevnsjax/program.py``).

    python benchmarks/compiling.py [NAME...] [--model sm] [--json FILE]

Value and gradient of the density of 64 points, compiled as XLA does by default and with the options: CPU seconds of
compiling and microseconds per point, the minimum of several, taken in turns in one process.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated, Any

import equinox as eqx
import jax
import typer
from machine import console_headed_by, machine
from rich.table import Table

from cevnsjax.experiment import named_experiment
from cevnsjax.inference import build_model
from cevnsjax.program import compiler_options

NAMES = ("coherent-csi-2021", "coherent-lar", "dresden-ii-lindhard", "xenonnt-8b")
POINTS, COMPILED, CALLS = 64, 3, 20


def measure(name: str, model_name: str, repeats: int) -> dict[str, dict[str, float]]:
    """Seconds of compiling and microseconds per point, by how it is compiled."""
    model = build_model(named_experiment(name), model_name)
    arrays, rest = eqx.partition((model, model.data()), eqx.is_array)

    def value_and_gradient(arrays, latents):
        model, data = eqx.combine(arrays, rest)
        return jax.vmap(jax.value_and_grad(lambda latent: model.potential(latent, data)))(latents)

    arguments = arrays, model.prior_latents(jax.random.key(1), POINTS)
    programs, compiling, running = {}, {}, {}
    ways: dict[str, dict[str, Any]] = {"default": {}, "quickly": compiler_options()}
    for _ in range(COMPILED):
        for way, options in ways.items():
            jax.clear_caches()
            lowered = jax.jit(value_and_gradient).lower(*arguments)
            start = time.process_time()
            programs[way] = lowered.compile(compiler_options=options)
            compiling[way] = min(compiling.get(way, float("inf")), time.process_time() - start)
    for _ in range(repeats):
        for way, compiled in programs.items():
            for _ in range(CALLS):
                start = time.process_time()
                jax.block_until_ready(compiled(*arguments))
                running[way] = min(running.get(way, float("inf")), time.process_time() - start)
    return {way: {"compile_cpu_s": compiling[way], "us_per_point": 1e6 * running[way] / POINTS} for way in ways}


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Experiments; {', '.join(NAMES)} by default.")] = None,
    model: Annotated[str, typer.Option(help="Name of the model.")] = "sm",
    repeats: Annotated[int, typer.Option(help="Turns of each program.")] = 10,
    output: Annotated[Path | None, typer.Option("--json", help="Where to write everything that was measured.")] = None,
) -> None:
    """Measure, and print and write what came out."""
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_enable_compilation_cache", False)
    before = os.getloadavg()
    measured = {name: measure(name, model, repeats) for name in names or NAMES}
    report = {
        "machine": machine(),
        "load_average": {"before": before, "after": os.getloadavg()},
        "model": model,
        "options": compiler_options(),
        "experiments": measured,
    }
    console = console_headed_by(report["machine"])
    table = Table(title=f"Value and gradient, {model}, float64, {POINTS} points: default, with options")
    table.add_column("experiment")
    for column in ("compiling, CPU s", "us per point"):
        table.add_column(column, justify="right")
    for name, each in measured.items():
        rows = each.values()
        table.add_row(
            name,
            ", ".join(f"{row['compile_cpu_s']:.1f}" for row in rows),
            ", ".join(f"{row['us_per_point']:.1f}" for row in rows),
        )
    console.print(table)
    if output is not None:
        output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
