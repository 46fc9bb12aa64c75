"""Time and memory of a profile-likelihood map, beside as many single fits with MINUIT on the same likelihood.

    python benchmarks/csi_scan.py [--model NAME] [--grid NAME=LOW:HIGH:NUMBER[:log] ...] [--fits N] [--json FILE]

The map is computed several times after a first one that compiles; between two maps, MINUIT (Migrad with the compiled
value and gradient of the same objective in the same coordinates) fits a random sample of its points. What each line
means is in ``benchmarks/README.md``. The figures mean nothing without the machine that is printed with them.
"""

from __future__ import annotations

import json
import os
import resource
import time
from pathlib import Path
from typing import Annotated, Any

import jax
import numpy as np
import typer
from iminuit import Minuit
from machine import RUSAGE_UNIT, console_headed_by, machine
from rich.table import Table

from cevnsjax.cli.grid import parse_grids
from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.inference import Model, build_model, profile_map
from cevnsjax.inference.objective import Objective
from cevnsjax.models import named_model

GRIDS = ["eps_ee_u=-1:1:256", "eps_ee_d=-1:1:256"]


def peak_memory_MB() -> float:
    """Largest resident memory of this process so far, compilation included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RUSAGE_UNIT


class SingleFits:
    """Fits of single points of a map with MINUIT, each from the middle of the priors as a user writes it.

    Model, data and gridded values are arguments of one compiled function, the arrays of the model those of a plain
    ``jax.jit``: nothing is compiled twice and the call is as cheap as it gets.
    """

    def __init__(self, model: Model, grid: dict[str, np.ndarray]):
        import equinox as eqx

        profiled = tuple(name for name in model.names if name not in grid)
        without_prior = frozenset(grid) - {parameter.name for parameter in model.experiment.nuisances}
        objective = Objective(model, model.experiment.observed, profiled, without_prior)
        arrays, rest = eqx.partition(objective, eqx.is_array)
        function = jax.jit(
            lambda arrays, gridded, latents: jax.value_and_grad(lambda at: eqx.combine(arrays, rest)(gridded, at))(
                latents
            )
        )
        self.call = lambda gridded, latents: function(arrays, gridded, latents)
        self.grid, self.size = grid, objective.size

    def fit(self, place: tuple[int, ...]) -> Minuit:
        """Fit the point at some indices of the grid."""
        gridded = {name: np.asarray(values[i]) for i, (name, values) in zip(place, self.grid.items(), strict=True)}
        last: list[Any] = [None, None]

        def both(latents):
            # MINUIT asks for value and gradient at the same place one after the other
            if last[0] is None or not np.array_equal(last[0], latents):
                value, gradient = self.call(gridded, np.array(latents))
                last[:] = np.array(latents), (float(value), np.asarray(gradient))
            return last[1]

        value, slope = (lambda x: both(x)[0]), (lambda x: both(x)[1])
        minuit = Minuit(value, np.zeros(self.size), grad=slope)  # pyright: ignore[reportArgumentType]
        minuit.errordef = Minuit.LIKELIHOOD
        minuit.strategy = 1
        return minuit.migrad()


def run(model: Model, grid: dict[str, np.ndarray], fits: int, repeats: int) -> dict[str, Any]:
    """Time maps and single fits in turns."""
    points = int(np.prod([values.size for values in grid.values()]))
    started = time.perf_counter()
    found = profile_map(model, grid, refine=False)
    first_s = time.perf_counter() - started
    peak = peak_memory_MB()  # before the other way adds its own
    single = SingleFits(model, grid)
    single.fit(tuple(0 for _ in grid))
    rng = np.random.default_rng(0)
    rounds, gains, valid, calls = [], [], 0, 0
    for _ in range(repeats):
        started = time.perf_counter()
        found = profile_map(model, grid, refine=False)
        middle = time.perf_counter()
        places = list(zip(*np.unravel_index(rng.integers(points, size=fits), found.log_density.shape), strict=True))
        asked = time.perf_counter()
        fitted = [single.fit(place) for place in places]
        ended = time.perf_counter()
        rounds.append({"map_s": middle - started, "fit_ms": 1e3 * (ended - asked) / fits})
        gains += [
            float(found.log_density[place]) + float(np.asarray(fit.fval))
            for place, fit in zip(places, fitted, strict=True)
        ]
        valid += sum(fit.valid for fit in fitted)
        calls += sum(fit.nfcn for fit in fitted)
    for each in rounds:
        each["map_us_per_point"] = 1e6 * each["map_s"] / points
        each["ratio"] = 1e3 * each["fit_ms"] / each["map_us_per_point"]
    return {
        "points": points,
        "profiled": len(found.nuisances),
        "first_map_s": first_s,
        "rounds": rounds,
        "fits_per_round": fits,
        "peak_rss_MB": peak,
        "not_converged": found.not_converged,
        "minuit": {"valid": valid / len(gains), "calls_per_fit": calls / len(gains)},
        "agreement": agreement(np.array(gains)),
        "best_fit": found.best.values,
    }


def agreement(gains: np.ndarray) -> dict[str, float]:
    """How the log-density of the map compares with MINUIT's; above zero, the map's is the better."""
    return {
        "median": float(np.median(gains)),
        "smallest": float(gains.min()),
        "largest": float(gains.max()),
        "within_1e-4": float(np.mean(np.abs(gains) < 1e-4)),
        "map_worse_by_1e-4": float(np.mean(gains < -1e-4)),
    }


def show(report: dict[str, Any]) -> None:
    """Print the table."""
    m, result = report["machine"], report["result"]
    console = console_headed_by(m)
    console.print("load average " + "; ".join(" ".join(f"{x:.1f}" for x in load) for load in report["load_average"]))
    table = Table(title=f"{report['model']}, {result['points']} points, {result['profiled']} parameters profiled")
    for column in ("", "median", "smallest", "largest"):
        table.add_column(column, justify="right" if column else "left")
    labels = {
        "map_s": "map, s",
        "map_us_per_point": "map, us per point",
        "fit_ms": f"MINUIT, ms per point ({result['fits_per_round']} points a round)",
        "ratio": "MINUIT / map",
    }
    for name, label in labels.items():
        values = [each[name] for each in result["rounds"]]
        table.add_row(label, *[f"{number:.4g}" for number in (np.median(values), min(values), max(values))])
    console.print(table)
    a = result["agreement"]
    console.print(
        f"First map, compiling included: {result['first_map_s']:.1f} s; peak resident memory "
        f"{result['peak_rss_MB']:.0f} MB; {result['not_converged']} points not converged.\n"
        f"Log-density of the map less MINUIT's: median {a['median']:.1e}, from {a['smallest']:.1e} to "
        f"{a['largest']:.1e}; within 1e-4 at {100 * a['within_1e-4']:.0f} %, map worse at "
        f"{100 * a['map_worse_by_1e-4']:.0f} %; MINUIT valid at {100 * result['minuit']['valid']:.0f} %, "
        f"{result['minuit']['calls_per_fit']:.0f} calls a fit."
    )


def main(
    model: Annotated[str, typer.Option(help="Name of the model.")] = "nsi",
    grid: Annotated[list[str] | None, typer.Option(help="As in `cevnsjax scan`; two eps by default.")] = None,
    fits: Annotated[int, typer.Option(help="Points that MINUIT fits in each round.")] = 60,
    repeats: Annotated[int, typer.Option(help="Rounds of a map and single fits.")] = 5,
    output: Annotated[Path | None, typer.Option("--json", help="Where to write everything that was measured.")] = None,
) -> None:
    """Measure a profile-likelihood map of COHERENT CsI, and print and write what came out."""
    jax.config.update("jax_enable_x64", True)
    grids = parse_grids(grid or GRIDS)
    experiment = named_model(model).prepare(coherent_csi_2021())
    free = dict.fromkeys([*grids, *named_model(model).free_by_default(experiment)])
    built = build_model(experiment, model, free=free)
    before = os.getloadavg()
    result = run(built, grids, fits, repeats)
    report = {
        "machine": machine("iminuit"),
        "model": model,
        "grid": {name: [float(v[0]), float(v[-1]), len(v)] for name, v in grids.items()},
        "load_average": [before, os.getloadavg()],
        "result": result,
    }
    show(report)
    if output is not None:
        output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
