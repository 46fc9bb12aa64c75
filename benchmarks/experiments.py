"""Time of the likelihood of experiments of the catalogue, value and gradient.

    python benchmarks/experiments.py [NAME...] [--model sm] [--json FILE]

What the columns mean is in ``benchmarks/README.md``: they are those of ``csi_likelihood.py``, whose functions measure.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import jax
import typer
from csi_likelihood import measure, value_and_gradient
from machine import console_headed_by, machine
from rich.table import Table

from cevnsjax.experiment import describe_frozen, named_experiment
from cevnsjax.inference import build_model

NAMES = ("coherent-csi-2021", "coherent-lar", "dresden-ii-lindhard", "dresden-ii", "xenonnt-8b", "conus", "conus-plus")
CALLS = {"64": (64, None), "4096 in chunks of 64": (4096, 64)}
"""Points of a call, and how many of them at a time."""


def times(name: str, model_name: str, repeats: int) -> dict[str, Any]:
    """Time per point of one model, and what of it is computed beforehand."""
    model = build_model(named_experiment(name), model_name)
    observed = model.data()
    calls = {}
    for label, (batch, chunk) in CALLS.items():
        latents = model.prior_latents(jax.random.key(batch), batch)
        timing = measure(lambda x=latents, c=chunk: value_and_gradient(model, observed, x, c), batch, repeats)
        calls[label] = asdict(timing)
    return {"parameters": len(model.names), "calls": calls, "beforehand": describe_frozen(model.experiment)}


def main(
    names: Annotated[list[str] | None, typer.Argument(help=f"Experiments; {', '.join(NAMES)} by default.")] = None,
    model: Annotated[str, typer.Option(help="Name of the model.")] = "sm",
    repeats: Annotated[int, typer.Option(help="Repeats of each measurement.")] = 30,
    output: Annotated[Path | None, typer.Option("--json", help="Where to write everything that was measured.")] = None,
) -> None:
    """Measure, and print and write what came out."""
    jax.config.update("jax_enable_x64", True)
    before = os.getloadavg()
    measured = {name: times(name, model, repeats) for name in names or NAMES}
    report = {
        "machine": machine("emcee"),
        "load_average": {"before": before, "after": os.getloadavg()},
        "model": model,
        "experiments": measured,
    }
    console = console_headed_by(report["machine"])
    table = Table(title=f"us per point of value and gradient, {model}, float64, median (minimum)")
    table.add_column("experiment")
    for column in ("parameters", *CALLS):
        table.add_column(column, justify="right")
    for name, each in measured.items():
        cells = [f"{call['median_us']:.1f} ({call['minimum_us']:.1f})" for call in each["calls"].values()]
        table.add_row(name, str(each["parameters"]), *cells)
    console.print(table)
    if output is not None:
        output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
