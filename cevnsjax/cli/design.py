"""``cevnsjax design``: the best detector, by the gradient of what it would know."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import (
    CodeOption,
    JsonOption,
    Precision,
    PrecisionOption,
    configure_jax,
    examples,
    finite,
    print_json,
    reports_errors,
    say,
    tables,
    warn,
)
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.progress import Stages, stages
from cevnsjax.cli.report import optional, surroundings
from cevnsjax.cli.run_file import LARGEST_SEED
from cevnsjax.cli.run_folder import ForceOption, check_results, run_folder
from cevnsjax.cli.settings import prepare
from cevnsjax.cli.study_file import StudyFile, read_study
from cevnsjax.files import check_folder, write_file
from cevnsjax.prior_texts import parse_prior

if TYPE_CHECKING:
    from cevnsjax.design import Elasticities, Optimum, Study

RESULTS = ("design.json", "design.png")
"""Files of a study: the first is its record."""

STARTS, STEPS, SEED, BUDGETS = 8, 200, 0, 8
_STARTS_OF_EACH = 3
"""Of every other budget: the first is where the one before ended."""
_SHOWN = 12
_SUSPICIOUS = 1e-4
"""Difference, of the objective, between what is computed beforehand and all of it anew, that is told."""

DESIGN_EXAMPLES = examples(
    "cevnsjax design study.toml",
    "cevnsjax design study.toml --budget 200 --starts 16 --out twice-as-dear",
)


@reports_errors
def design(
    study: Annotated[
        Path,
        typer.Argument(
            metavar="STUDY",
            help="TOML file: experiment, model and what else a fit is told; [objective]; [variables.NAME] with where, "
            "low, high and what it costs; budget; [[hypotheses]]. docs/design-studies.md explains it.",
        ),
    ],
    budget: Annotated[
        float | None, typer.Option(help="Most that all variables together may cost.", show_default="the file's")
    ] = None,
    starts: Annotated[int, typer.Option(help="Designs from which the best is sought.", min=1)] = STARTS,
    steps: Annotated[int, typer.Option(help="Most steps from each of them.", min=1)] = STEPS,
    budgets: Annotated[
        int,
        typer.Option(help="Other budgets, from a quarter to four times it, for which the best is found too.", min=0),
    ] = BUDGETS,
    seed: Annotated[int, typer.Option(help="Seed of the random designs.", min=0, max=LARGEST_SEED)] = SEED,
    matters: Annotated[
        bool,
        typer.Option(
            "--elasticities/--no-elasticities",
            help="Whether to differentiate in every number of the experiment, which takes half a minute to compile.",
        ),
    ] = True,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the results.", show_default="design-STUDY")
    ] = None,
    force: ForceOption = False,
    precision: PrecisionOption = None,
    allow_code: CodeOption = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_latex: LatexOption = False,
) -> None:
    """Find the best design of an experiment within a budget: a table here, a plot and design.json in a folder.

    What is best is said by an objective: the expected width of a posterior, an expected significance or limit, or an
    information gain. Masses, thresholds, edges of bins, resolutions, backgrounds, distances and fractions of isotopes
    can be chosen; the objective is followed by its gradient from many designs at once. What matters most is told for
    every number of the experiment.
    """
    started, form = time.monotonic(), chosen_format(as_json, as_csv, as_latex)
    read = read_study(study)
    if budget is not None:
        read = StudyFile(read.settings, read.variables, read.objective, budget)
    configure_jax(precision or Precision(read.settings.precision))
    folder = out or Path(read.settings.out or f"design-{study.stem}")
    check_folder(folder)
    asked = {
        "settings": asdict(read.settings),
        "variables": [asdict(each) for each in read.variables],
        "objective": repr(read.objective),
        "budget": read.budget,
        "starts": starts,
        "steps": steps,
        "budgets": budgets,
        "seed": seed,
    }
    options = finite({"asked": asked})
    check_results(folder, RESULTS[0], RESULTS, options, force)
    with run_folder(folder):
        with stages() as shown:
            built, best, front = _studied(read, starts, steps, budgets, seed, allow_code, shown)
            found = _elasticities(built, best, shown) if matters else None
        report = _report(built, best, front, found)
        wall_s = time.monotonic() - started
        files = _write(folder, built, best, front, found, options | surroundings() | report)
    for warning in _warnings(best, found):
        warn(warning)
    if form is Format.json:
        print_json(report | {"wall_s": wall_s, "files": [str(file) for file in files]})
        return
    title = f"{read.settings.experiment}, model {read.settings.model}: {built.objective.label}"
    if form is not Format.text:
        print_rows(form, report["variables"], title)
        return
    _print(built, report, title)
    tables().print(f"{best.evaluations} gradients from {starts} designs, {wall_s:.1f} s")
    tables().print(f"wrote {', '.join(file.name for file in files)} in {folder}", markup=False)


def _studied(
    read: StudyFile, starts: int, steps: int, budgets: int, seed: int, allow_code: bool, shown: Stages
) -> tuple["Study", "Optimum", list["Optimum"]]:
    """Build the study, optimise it, and follow the budget; with progress."""
    import numpy as np

    from cevnsjax.design import optimise, pareto_front, study_of, unscaled

    settings = read.settings
    shown.begin("building")
    prepared, chosen, _ = prepare(
        settings.experiment, settings.model, settings.share, settings.set, allow_code=allow_code
    )
    study = study_of(
        chosen,
        prepared,
        read.variables,
        read.objective,
        budget=read.budget,
        free=settings.free or None,
        fixed=settings.fix,
        priors={name: parse_prior(text) for name, text in settings.prior.items()},
    )
    outside = [
        each.name for each, now in zip(study.variables, study.nominal, strict=True) if not each.low <= now <= each.high
    ]
    if outside:
        say(f"note: nominally {', '.join(outside)} lies outside of its bounds.")
    for sentence in unscaled(study):
        warn(sentence)
    shown.begin("optimising", starts, f"optimising {len(study.variables)} variables from {starts} designs")

    def tell(done: int, of: int, objective: float) -> None:
        shown.update("optimising", done, of, f"{study.objective.label} {objective:.4g}")

    best = optimise(study, starts=starts, steps=steps, seed=seed, tell=tell)
    front: list[Optimum] = []
    if budgets and np.isfinite(read.budget):
        least = study.least_cost
        places = np.geomspace(max(0.25 * read.budget, 1.05 * least), 4.0 * read.budget, budgets)
        shown.begin("budgets", budgets, f"following {budgets} budgets from {places[0]:.4g} to {places[-1]:.4g}")
        front = pareto_front(
            study,
            places.tolist(),
            starts=min(starts, _STARTS_OF_EACH),
            steps=steps,
            seed=seed,
            tell=lambda done, of: shown.update("budgets", done, of),
        )
    return study, best, front


def _elasticities(study: "Study", best: "Optimum", shown: Stages) -> "Elasticities":
    from cevnsjax.design import elasticities

    shown.begin("elasticities", None, "differentiating in every number of the experiment")
    return elasticities(study, best.values)


def _report(study: "Study", best: "Optimum", front: list["Optimum"], matters: "Elasticities | None") -> dict[str, Any]:
    """A study as plain numbers."""
    rows = [
        {
            "variable": each.name,
            "unit": each.unit,
            "low": each.low,
            "high": each.high,
            "nominal": float(nominal),
            "best": best.values[each.name],
            "cost": float(each.cost(study.model.location[0] * 0.0 + best.values[each.name], reference)),
            "elasticity": None if matters is None else matters.by_variable[each.name],
        }
        for each, nominal, reference in zip(study.variables, study.nominal, study.references, strict=True)
    ]
    return {
        "variables": rows,
        "label": study.objective.label,
        "objective_best": best.objective,
        "objective_nominal": best.nominal,
        "objective_anew": None if matters is None else matters.objective,
        "cost": best.cost,
        "nominal_cost": best.nominal_cost,
        "evaluations": best.evaluations,
        "starts": [asdict(each) for each in best.starts],
        "front": [{"cost": e.cost, "objective": e.objective, "values": e.values} for e in front],
        "elasticities": {} if matters is None else matters.by_path,
    }


def _warnings(best: "Optimum", matters: "Elasticities | None") -> list[str]:
    said = []
    if not any(each.converged and each.values == best.values for each in best.starts):
        said.append("the best start was still gaining: raise --steps.")
    if matters is not None and not abs(matters.objective - best.objective) <= _SUSPICIOUS * abs(best.objective):
        said.append(
            f"the objective is {best.objective:.6g} as it was optimised, and {matters.objective:.6g} on nodes placed "
            "for the best design: narrow the bounds."
        )
    return said


def _write(
    folder: Path,
    study: "Study",
    best: "Optimum",
    front: list["Optimum"],
    matters: "Elasticities | None",
    record: dict[str, Any],
) -> list[Path]:
    """Write the record, then the plot, each whole or not at all; without the plot, if that fails."""
    from cevnsjax.design import plot_study

    data, plot = (folder / name for name in RESULTS)
    files = [write_file(data, lambda path: path.write_text(json.dumps(finite(record), indent=2) + "\n"))]
    with optional(f"{plot} is not drawn", f"the study is in {data}"):
        files.append(write_file(plot, lambda path: plot_study(study, best, path, front, matters)))
    return files


def _print(study: "Study", report: dict[str, Any], title: str) -> None:
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    table.add_column("variable", overflow="fold")
    for name in ("low", "high", "nominal", "best", "unit", "cost", "elasticity"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in report["variables"]:
        elasticity = "" if row["elasticity"] is None else f"{row['elasticity']:.3g}"
        numbers = (f"{row[name]:.4g}" for name in ("low", "high", "nominal", "best"))
        table.add_row(escape(row["variable"]), *numbers, row["unit"], f"{row['cost']:.4g}", elasticity)
    tables().print(table)
    costs = f", cost {report['nominal_cost']:.4g} and {report['cost']:.4g}" if report["cost"] else ""
    both = f"{report['objective_nominal']:.4g} nominally, {report['objective_best']:.4g} at best"
    tables().print(f"{escape(report['label'])}: {both}{costs}")
    most = list(report["elasticities"].items())[:_SHOWN]
    if not most:
        return
    of = "d objective" if study.objective.is_logarithm else "d ln(objective)"
    tables().print(f"what matters most, {of} / d ln(number):")
    for path, value in most:
        tables().print(f"  {value:+.3g}  {path}", markup=False)
