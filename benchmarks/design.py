"""The best of a detector's designs, by the gradient and by a grid.

    python benchmarks/design.py [--points 24] [--json FILE]

CONUS with three variables (mass, first edge, background level) within a budget, judged by the expected error of the
signal strength. The grid's designs within the budget are evaluated in batches by one program without gradients; the
search is that of ``cevnsjax design`` from one design and from eight. CPU seconds without compiling.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path
from typing import Annotated

import equinox as eqx
import jax
import numpy as np
import typer
from machine import console_headed_by, machine
from rich.table import Table

from cevnsjax.arrays import as_float
from cevnsjax.design import PosteriorWidth, Study, Variable, build_study, optimise
from cevnsjax.experiment import named_experiment

BATCH = 32


def study() -> Study:
    """The study."""
    level = "backgrounds.steady_state.counts_per_keV_kg_day"
    variables = [
        Variable(name="mass", where="mass_kg", low=1.0, high=30.0, logarithmic=True, price=40.0),
        Variable(name="first edge", where="response.edges_keV.0", low=0.2, high=0.34, price=10.0, power=-2.0),
        Variable(name="background", where=level, low=1.0, high=30.0, logarithmic=True, price=10.0, power=-1.0),
    ]
    return build_study(named_experiment("conus"), variables, PosteriorWidth(("signal_norm",)), budget=60.0)


@eqx.filter_jit
def judged(study: Study, designs):
    """The objective of many designs."""
    return jax.lax.map(study.judged, designs, batch_size=BATCH)


def measure(points: int) -> dict[str, dict[str, float]]:
    """Evaluations, CPU seconds and the best objective of each way."""
    made = study()
    shares = np.array(list(itertools.product(np.linspace(0.0, 1.0, points), repeat=3)))
    designs = np.stack([np.asarray(v.at(as_float(shares[:, i]))) for i, v in enumerate(made.variables)], axis=1)
    costs = np.asarray(jax.vmap(made.cost)(as_float(designs)))
    affordable = as_float(designs[costs <= float(made.budget)])
    found = {}

    def timed(what: str, work) -> None:
        work()
        wall, start = time.perf_counter(), time.process_time()
        evaluations, objective = work()
        found[what] = {
            "evaluations": evaluations,
            "cpu_s": time.process_time() - start,
            "wall_s": time.perf_counter() - wall,
            "objective": objective,
        }

    def by_gradient(starts: int):
        best = optimise(made, starts=starts)
        return best.evaluations, best.objective

    timed(f"grid of {points}^3", lambda: (len(affordable), float(judged(made, affordable).min())))
    timed("gradient, one start", lambda: by_gradient(1))
    timed("gradient, eight starts", lambda: by_gradient(8))
    return found


def main(
    points: Annotated[int, typer.Option(help="Points of the grid in each variable.", min=2)] = 24,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to write the figures.")] = None,
) -> None:
    """Measure and print."""
    jax.config.update("jax_enable_x64", True)
    before = os.getloadavg()
    found, described = measure(points), machine()
    table = Table("way", "evaluations", "CPU s", "wall s", "expected error")
    for name, row in found.items():
        numbers = (f"{row['cpu_s']:.2f}", f"{row['wall_s']:.2f}", f"{row['objective']:.6f}")
        table.add_row(name, str(row["evaluations"]), *numbers)
    console_headed_by(described).print(table)
    if json_file is not None:
        json_file.write_text(
            json.dumps({"machine": described, "load_before": before, "design": found}, indent=2) + "\n"
        )


if __name__ == "__main__":
    typer.run(main)
