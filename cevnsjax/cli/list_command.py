"""``cevnsjax list``: what there is."""

import functools
import inspect
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import (
    DEFAULT_MODEL,
    JsonOption,
    ModelOption,
    configure_jax,
    examples,
    print_json,
    reports_errors,
    tables,
)
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.kept import kept
from cevnsjax.errors import ParameterError

if TYPE_CHECKING:
    from cevnsjax.experiment import Experiment, Joint
    from cevnsjax.models import NamedModel

LIST_EXAMPLES = examples(
    "cevnsjax list",
    "cevnsjax list parameters --experiment coherent-csi-2021 --model nsi",
    "cevnsjax list parameters --paths",
    "cevnsjax list models --json",
    "cevnsjax list overlays",
)


_UNSHOWN = ("nuisance", "shape", "confidence_level", "dark_matter", "points", "licence")
"""What tables leave to --json."""


class Topic(StrEnum):
    """What to list."""

    experiments = "experiments"
    models = "models"
    parameters = "parameters"
    overlays = "overlays"
    spectra = "spectra"


@reports_errors
def list_command(
    topic: Annotated[
        Topic | None, typer.Argument(case_sensitive=False, help="What to list; everything by default.")
    ] = None,
    experiment: Annotated[
        str, typer.Option("--experiment", "-e", help="Experiment whose parameters are listed.")
    ] = "coherent-csi-2021",
    model: ModelOption = None,
    paths: Annotated[bool, typer.Option("--paths", help="List every path that can be set and freed, too.")] = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_latex: LatexOption = False,
) -> None:
    """List experiments, models, their parameters, curves that are drawn over maps, and spectra to be unfolded."""
    form = chosen_format(as_json, as_csv, as_latex)
    if form in (Format.csv, Format.latex) and (topic is None or paths):
        raise ParameterError(f"--{form} is one table; name what to list: {', '.join(Topic)}.")
    model = model or DEFAULT_MODEL
    question = {"command": "list", "topic": topic, "model": model, "paths": paths}
    content = kept(question, experiment, lambda: _content(topic, experiment, model, paths))
    if form is Format.json:
        print_json({"experiment": experiment, "model": model} | content)
        return
    if form is not Format.text:
        print_rows(form, next(iter(content.values())))
        return
    console = tables()
    for name, rows in content.items():
        heading = f"{name} of {experiment} in the model {model}" if name in ("parameters", "paths") else name
        console.print(_table(heading, rows))
        if name == "models" and any(row["electrons"] for row in rows):
            console.print("NAME+electrons is any of those marked, with neutrino-electron scattering", markup=False)
        if name == "models":
            console.print("NAME,NAME is several of them together, as nsi,vector-portal-dm", markup=False)


def _content(topic: Topic | None, experiment: str, model: str, paths: bool) -> dict[str, list[dict[str, Any]]]:
    """Rows of each list that is asked for, by its name."""
    configure_jax()
    from cevnsjax.experiment import named_experiment
    from cevnsjax.models import named_model

    @functools.cache
    def built() -> "Experiment | Joint":
        """The experiment, built once and only for what is asked about it."""
        return named_experiment(experiment).unplaced()

    content: dict[str, list[dict[str, Any]]] = {}
    if topic in (None, Topic.experiments):
        content["experiments"] = _experiments()
    if topic in (None, Topic.spectra):
        content["spectra"] = _spectra()
    if topic in (None, Topic.models):
        content["models"] = _models(built())
    if topic in (None, Topic.parameters) or paths:
        chosen = named_model(model, built())
        prepared = chosen.prepared(built())
        if topic in (None, Topic.parameters):
            content["parameters"] = _parameters(prepared, chosen)
        if paths:
            content["paths"] = _paths(prepared)
    if topic in (None, Topic.overlays):
        content["overlays"] = _overlays()
    return content


def _experiments() -> list[dict[str, Any]]:
    """Names, what stands in the place of data, and descriptions: first lines of documentation."""
    from cevnsjax.experiment import EXPERIMENTS, described_as, experiment_kind

    files = [inspect.getmodule(build) for build in EXPERIMENTS.values()]

    def first_line(documented) -> str:
        return (inspect.getdoc(documented) or "").split("\n")[0]

    def description(name: str, build) -> str:
        if isinstance(build, functools.partial):  # a file
            return described_as(name)
        file = inspect.getmodule(build)
        if files.count(file) == 1:
            return first_line(file)
        # of several in one file each says what is particular to it
        own = first_line(build).removeprefix("Build the experiment ").removeprefix("Build ")
        return f"{first_line(file).rstrip('.')}; {own}".replace("``", "")

    return [
        {"name": name, "kind": experiment_kind(name), "description": description(name, build)}
        for name, build in EXPERIMENTS.items()
    ]


def _spectra() -> list[dict[str, Any]]:
    """Spectra that were released with a response, for `cevnsjax unfold` alone."""
    from cevnsjax.experiment import MEASURED_SPECTRA

    files = {name: inspect.getmodule(read) for name, read in MEASURED_SPECTRA.items()}
    return [{"name": name, "description": (inspect.getdoc(file) or "").split("\n")[0]} for name, file in files.items()]


def _models(built: "Experiment | Joint") -> list[dict[str, Any]]:
    """Models that can be used for an experiment, and whether they can with neutrino-electron scattering."""
    from cevnsjax.models import MODELS

    rows = []
    for name in MODELS:
        usable = _usable(name, built)
        if usable is None:
            continue
        rows.append(
            {
                "name": name,
                "description": usable[0].description,
                "default_free": list(usable[0].free_by_default(usable[1])),
                "electrons": _usable(f"{name}+electrons", built) is not None,
            }
        )
    return rows


def offered_models(experiment: str) -> list[str]:
    """Names of all models that can be used for an experiment, those with neutrino-electron scattering among them."""
    from cevnsjax.experiment import named_experiment

    rows = _models(named_experiment(experiment).unplaced())
    return [name for row in rows for name in (row["name"], *[f"{row['name']}+electrons"] * row["electrons"])]


def _usable(name: str, built: "Experiment | Joint") -> "tuple[NamedModel, Experiment | Joint] | None":
    """A model and the experiment prepared for it; none where it needs another source or another interaction."""
    from cevnsjax.errors import CevnsjaxError
    from cevnsjax.models import named_model

    try:
        model = named_model(name, built)
        return model, model.prepared(built)
    except CevnsjaxError:
        return None


def _parameters(experiment: "Experiment | Joint", model: "NamedModel") -> list[dict[str, Any]]:
    from cevnsjax.parameter import describe_prior
    from cevnsjax.paths import get_path

    nuisances = {p.name for p in experiment.nuisances}
    free = {*model.free_by_default(experiment), *model.free_nuisances(experiment)}
    return [
        {
            "name": name,
            "free": name in free,
            "nominal": float(get_path(experiment, parameter.paths[0])),
            "prior": describe_prior(parameter.prior),
            "unit": parameter.unit,
            "paths": list(parameter.paths),
            "nuisance": name in nuisances,
            "description": parameter.description,
        }
        for name, parameter in {
            each.name: each for each in (*model.parameters(experiment), *experiment.nuisances)
        }.items()
    ]


def _paths(experiment: "Experiment | Joint") -> list[dict[str, Any]]:
    from cevnsjax.experiment import settable_leaves

    return [
        {"path": path, "shape": list(leaf.shape), "nominal": float(leaf) if leaf.shape == () else None}
        for path, leaf in settable_leaves(experiment).items()
    ]


def _overlays() -> list[dict[str, Any]]:
    """Packaged overlays: what they are, in which quantities, for which assumptions, and where from."""
    from cevnsjax.overlays import overlay, overlay_names

    return [
        {
            "name": name,
            "kind": each.kind,
            "confidence_level": each.confidence_level,
            "quantities": [f"{quantity} [{unit}]" if unit else quantity for quantity, unit in each.units.items()],
            "assumptions": [f"{assumed} = {value:g}" for assumed, value in each.assumptions.items()],
            "dark_matter": each.dark_matter,
            "source": each.source,
            "points": each.points,
            "licence": each.licence,
        }
        for name in overlay_names()
        for each in (overlay(name),)
    ]


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    shown = [name for name in rows[0] if name not in _UNSHOWN]
    for name in shown:
        table.add_column(name.replace("_", " "), justify="right" if name == "nominal" else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row, name) for name in shown))
    return table


def _cell(row: dict[str, Any], name: str) -> str:
    value = row[name]
    if name == "nominal":
        return f"{value:.6g}" if value is not None else f"array {tuple(row['shape'])}"
    if isinstance(value, bool):
        return name if value else ""
    return escape(", ".join(value) if isinstance(value, list) else value)
