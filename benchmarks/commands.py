"""Measure CPU seconds of commands, the first time on a machine and the second, and of a thousand toys.

    python benchmarks/commands.py [--quick] [--json FILE]

Each command runs in processes of its own, with a compilation cache that is empty at first: *cold* is what it takes
then, *warm* what the same command takes again. CPU seconds are those of all threads.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import jax
import typer
from machine import console_headed_by, machine
from rich.table import Table

from cevnsjax.experiment import named_experiment
from cevnsjax.inference import build_model, draw_toys, fit_toys

COMMANDS = (
    "spectrum coherent-csi-2021",
    "fit coherent-csi-2021 --model sm",
    "scan coherent-csi-2021 --grid signal_norm=0.5:1.5:64",
    "fit dresden-ii-lindhard --model sm",
    "fit coherent-csi-2021,coherent-lar,dresden-ii --model nsi",
)
QUICK = COMMANDS[:1]


def command(line: str) -> dict[str, dict[str, float]]:
    """CPU and wall seconds of a command, cold and warm."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": f"{folder}/cache"}
        for name in ("cold", "warm"):
            options = [] if line.startswith("spectrum") else ["--out", f"{folder}/{name}"]
            before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "cevnsjax", *line.split(), *options],
                check=True,
                capture_output=True,
                env=environment,
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            found[name] = {"cpu_s": cpu_s, "wall_s": time.perf_counter() - started}
    return found


def toys(number: int) -> dict[str, float]:
    """Wall seconds of fits of toys of CsI, all ten parameters, after a first time that compiles."""
    model = build_model(named_experiment("coherent-csi-2021"), "sm")
    fit_toys(model, draw_toys(model, jax.random.key(0), number))
    started, began = time.perf_counter(), time.process_time()
    drawn = draw_toys(model, jax.random.key(1), number)
    fits = fit_toys(model, drawn)
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - began
    return {"toys": number, "wall_s": wall_s, "cpu_s": cpu_s, "converged": int(fits.converged.sum())}


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Only show that it works.")] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Where to write everything that was measured.")] = None,
) -> None:
    """Measure, and print and write what came out."""
    jax.config.update("jax_enable_x64", True)
    before = os.getloadavg()
    report: dict[str, Any] = {"commands": {line: command(line) for line in (QUICK if quick else COMMANDS)}}
    report |= {"toys": toys(20 if quick else 1000), "machine": machine()}
    report["load_average"] = {"before": before, "after": os.getloadavg()}
    console = console_headed_by(report["machine"])
    table = Table(title="CPU seconds (wall seconds)")
    table.add_column("command")
    for name in ("cold", "warm"):
        table.add_column(name, justify="right")
    for line, each in report["commands"].items():
        table.add_row(line, *(f"{one['cpu_s']:.1f} ({one['wall_s']:.1f})" for one in each.values()))
    made = report["toys"]
    table.add_row(f"{made['toys']} toys of CsI, fitted", "", f"{made['cpu_s']:.1f} ({made['wall_s']:.1f})")
    console.print(table)
    if output is not None:
        output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
