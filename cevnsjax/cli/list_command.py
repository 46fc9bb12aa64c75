"""``cevnsjax list``: what there is."""

import inspect
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import JsonOption, ModelOption, configure_jax, examples, print_json, reports_errors, tables
from cevnsjax.cli.settings import offered_parameters, prepare, settable_paths

if TYPE_CHECKING:
    from cevnsjax.experiment import Experiment, Joint
    from cevnsjax.inference import NamedModel

LIST_EXAMPLES = examples(
    "cevnsjax list",
    "cevnsjax list parameters --experiment coherent-csi-2021 --model nsi",
    "cevnsjax list parameters --paths",
    "cevnsjax list models --json",
)


class Topic(StrEnum):
    """What to list."""

    experiments = "experiments"
    models = "models"
    parameters = "parameters"


@reports_errors
def list_command(
    topic: Annotated[Topic | None, typer.Argument(help="What to list; everything by default.")] = None,
    experiment: Annotated[
        str, typer.Option("--experiment", "-e", help="Experiment whose parameters are listed.")
    ] = "coherent-csi-2021",
    model: ModelOption = "sm",
    paths: Annotated[bool, typer.Option("--paths", help="List every path that --set accepts, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List experiments, models, and the parameters of an experiment in a model."""
    configure_jax()
    content: dict[str, Any] = {}
    if topic in (None, Topic.experiments):
        content["experiments"] = _experiments()
    if topic in (None, Topic.models):
        content["models"] = _models(experiment)
    if topic in (None, Topic.parameters) or paths:
        prepared, chosen = prepare(experiment, model)
        if topic in (None, Topic.parameters):
            content["parameters"] = _parameters(prepared, chosen)
        if paths:
            content["paths"] = _paths(prepared)
    if as_json:
        print_json({"experiment": experiment, "model": model} | content)
        return
    console = tables()
    for name, rows in content.items():
        heading = f"{name} of {experiment} in the model {model}" if name in ("parameters", "paths") else name
        console.print(_table(heading, rows))
        if name == "models":
            console.print("NAME+electrons is any of them with neutrino-electron scattering", markup=False)


def _experiments() -> list[dict[str, Any]]:
    """Names, what stands in the place of data, and descriptions: first lines of documentation."""
    from cevnsjax.experiment import EXPERIMENTS, experiment_kind

    files = [inspect.getmodule(build) for build in EXPERIMENTS.values()]

    def first_line(documented) -> str:
        return (inspect.getdoc(documented) or "").split("\n")[0]

    def description(build) -> str:
        file = inspect.getmodule(build)
        if files.count(file) == 1:
            return first_line(file)
        # of several in one file each says what is particular to it
        own = first_line(build).removeprefix("Build the experiment ").removeprefix("Build ")
        return f"{first_line(file).rstrip('.')}; {own}".replace("``", "")

    return [
        {"name": name, "kind": experiment_kind(name), "description": description(build)}
        for name, build in EXPERIMENTS.items()
    ]


def _models(experiment: str) -> list[dict[str, Any]]:
    """Models for what arrives in an experiment."""
    from cevnsjax.errors import ParameterError, UnknownNameError
    from cevnsjax.experiment import named_experiment
    from cevnsjax.inference import MODELS, named_model
    from cevnsjax.paths import get_path

    built, rows = named_experiment(experiment), []
    for name in MODELS:
        try:
            model = named_model(name, built)
            prepared = model.prepare(built)
            for parameter in model.parameters(prepared):
                get_path(prepared, parameter.paths[0])
        except (ParameterError, UnknownNameError):
            continue  # it needs another source, or an interaction that the experiment does not have
        free = list(model.free_by_default(prepared))
        rows.append({"name": name, "description": model.description, "default_free": free})
    return rows


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
        for name, parameter in offered_parameters(experiment, model).items()
    ]


def _paths(experiment: "Experiment | Joint") -> list[dict[str, Any]]:
    from cevnsjax.paths import get_path

    leaves = {path: get_path(experiment, path) for path in settable_paths(experiment)}
    return [
        {"path": path, "shape": list(leaf.shape), "nominal": float(leaf) if leaf.shape == () else None}
        for path, leaf in leaves.items()
    ]


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    shown = [name for name in rows[0] if name not in ("nuisance", "shape")]
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
        return "free" if value else ""
    return escape(", ".join(value) if isinstance(value, list) else value)
