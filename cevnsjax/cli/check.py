"""``cevnsjax check``: what a description of an experiment was understood to say."""

import base64
import dataclasses
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import (
    CodeOption,
    JsonOption,
    check_plot_file,
    configure_jax,
    examples,
    print_json,
    reports_errors,
    say,
    tables,
    warn,
)
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.kept import kept
from cevnsjax.cli.settings import what_is_unseen
from cevnsjax.cli.spectrum import prediction
from cevnsjax.files import write_file

if TYPE_CHECKING:
    from cevnsjax.experiment import Experiment

CHECK_EXAMPLES = examples(
    "cevnsjax check my_detector.toml",
    "cevnsjax config conus > my_detector.toml && cevnsjax check my_detector.toml --plot my_detector.png",
)
_FEW = 4


@reports_errors
def check(
    file: Annotated[
        str,
        typer.Argument(metavar="EXPERIMENT", help="File ending in .toml that describes an experiment, or a name."),
    ],
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it into this file, `check-NAME.png` by default.")
    ] = None,
    allow_code: CodeOption = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_latex: LatexOption = False,
) -> None:
    """Say what a description of an experiment means: blocks, counts, quadrature error, parameters; and draw it."""
    form = chosen_format(as_json, as_csv, as_latex)
    if plot is not None:
        check_plot_file(plot)
    ending = (plot or Path("check.png")).suffix

    def find() -> dict[str, Any]:
        return _answer(file, ending, allow_code)

    answer = find() if allow_code else kept({"command": "check", "drawing": ending}, file, find)
    content = answer["experiments"]
    for sentence in answer["unseen"]:
        warn(sentence)
    drawing = plot or Path(f"check-{'+'.join(content)}.png")
    check_plot_file(drawing)
    write_file(drawing, lambda path: path.write_bytes(base64.b64decode(answer["drawing"])))
    if form is Format.json:
        print_json({"experiments": content, "plot": str(drawing)})
        return
    if form is Format.text:
        for name, each in content.items():
            _print(name, each)
    else:
        print_rows(form, [row for name, each in content.items() for row in _rows(name, each)])
    say(f"wrote {drawing}")


def _answer(file: str, ending: str, allow_code: bool) -> dict[str, Any]:
    """What experiments were understood to say, what they do not see, and their picture."""
    configure_jax()
    from cevnsjax.experiment import named_experiment, plot_prediction

    experiment = named_experiment(file, allow_code=allow_code)
    with tempfile.TemporaryDirectory() as folder:
        drawing = Path(folder) / f"drawing{ending}"
        plot_prediction(experiment, drawing)
        return {
            "experiments": {name: understood(part) for name, part in experiment.parts.items()},
            "unseen": what_is_unseen(experiment),
            "drawing": base64.b64encode(drawing.read_bytes()).decode(),
        }


def understood(experiment: "Experiment") -> dict[str, Any]:
    """Everything that a description says, as nested dictionaries: what ``--json`` prints.

    ``blocks`` are texts by path; ``counts`` are those of ``cevnsjax spectrum``; ``quadrature_error`` is how far a bin
    of the signal moves when the number of nodes is doubled, over the largest of them.
    """
    from cevnsjax.parameter import describe_prior

    counts = prediction(experiment)
    fine, coarse = _signal(experiment.placed(2)), _signal(experiment)
    return {
        "blocks": dict(_blocks(experiment)),
        "counts": counts,
        "data": experiment.data_label,
        "quadrature_error": float(np.abs(fine - coarse).max() / max(np.abs(fine).max(), np.finfo(float).tiny)),
        "nuisances": {
            each.name: {"prior": describe_prior(each.prior), "paths": list(each.paths), "description": each.description}
            for each in experiment.nuisances
        },
    }


def _signal(experiment: "Experiment") -> np.ndarray:
    """Counts of every interaction, of all components of its sources, one after the other: a background hides errors."""
    return np.concatenate([np.asarray(each, dtype=float).sum(axis=0) for each in experiment.signals().values()])


def _blocks(experiment: "Experiment"):
    nuclides = ", ".join(
        f"{name} {float(count):.4g}" for name, count in experiment.target.nuclei_per_formula_unit.items()
    )
    yield "target", nuclides
    yield "mass_kg", f"{float(experiment.mass_kg):.6g}"
    yield "exposure_days", f"{float(experiment.exposure_days):.6g}"
    for name, source in experiment.sources.items():
        yield f"sources.{name}", summary(source.flux)
        fluence = zip(source.flux.components, np.asarray(source.flux.fluence_per_cm2, dtype=float), strict=True)
        yield f"sources.{name}.fluence_per_cm2", ", ".join(f"{each} {value:.4g}" for each, value in fluence)
        yield f"sources.{name}.arrival", type(source.arrival).__name__
    for name, interaction in experiment.interactions.items():
        yield f"interactions.{name}", summary(interaction)
    yield "quenching", summary(experiment.quenching)
    yield "response", summary(experiment.response)
    for axis in experiment.axes:
        yield f"axes.{axis.name}", f"{axis.bins} bins, {axis.edges[0]:g} to {axis.edges[-1]:g}"
    for name, background in experiment.backgrounds.items():
        yield f"backgrounds.{name}", summary(background)
    for name, entries in experiment.samples.items():
        ratio = experiment.time_ratios.get(name)
        time = "" if ratio is None else f" ({float(ratio):g} of the time)"
        yield f"samples.{name}", ", ".join(entries) + time


def summary(block: Any) -> str:
    """A block in one line: its class, its numbers, and the size of what is long."""
    entries = [_entry(block, each.name) for each in dataclasses.fields(block) if each.init]
    return f"{type(block).__name__}({', '.join(filter(None, entries))})"


def _entry(block: Any, name: str) -> str:
    value = getattr(block, name, None)
    if value is None or name == "components":
        return ""
    return f"{name}={_value(value)}"


def _value(value: Any) -> str:
    if hasattr(value, "__dataclass_fields__"):
        return summary(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_value(each)}" for name, each in value.items()) + "}"
    if hasattr(value, "shape"):
        array = np.asarray(value)
        if array.size > _FEW:
            return f"[{array.size} from {array.min():.4g} to {array.max():.4g}]"
        return np.array2string(array, formatter={"float_kind": lambda each: f"{each:.6g}"}, separator=", ")
    return str(value)


def _rows(experiment: str, content: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything as rows: what it is of, its name, and what is said of it."""
    counts = content["counts"]
    said = [("block", name, text) for name, text in content["blocks"].items()]
    for name, each in counts["components"].items():
        said.append(("events", name, each["total"]))
        said += [("events", f"{name}: {of}", value) for of, value in each.get("by_component", {}).items()]
    said += [(content["data"], sample, float(np.sum(each))) for sample, each in counts["observed"].items()]
    said += [("prior", name, each["prior"]) for name, each in content["nuisances"].items()]
    said.append(("quadrature error", "signal", content["quadrature_error"]))
    return [{"experiment": experiment, "what": what, "name": name, "value": value} for what, name, value in said]


def _print(name: str, content: dict[str, Any]) -> None:
    console = tables()
    blocks = Table(title=escape(name), title_justify="left", title_style="bold", show_header=False)
    for key, text in content["blocks"].items():
        blocks.add_row(escape(key), escape(text))
    console.print(blocks)
    counts = Table("contribution", "events", title="counts", title_justify="left", title_style="bold")
    counts.columns[1].justify = "right"
    for component, each in content["counts"]["components"].items():
        counts.add_row(escape(component), f"{each['total']:.6g}")
        for flavour, events in each.get("by_component", {}).items():
            counts.add_row(f"  {escape(flavour)}", f"{events:.6g}")
    for sample, observed in content["counts"]["observed"].items():
        counts.add_row(f"{escape(sample)}: {content['data']}", f"{np.sum(observed):.6g}")
    console.print(counts)
    free = Table("parameter", "prior", "sets", title="nuisance parameters", title_justify="left", title_style="bold")
    for parameter, each in content["nuisances"].items():
        free.add_row(escape(parameter), escape(each["prior"]), escape(", ".join(each["paths"])))
    console.print(free)
    console.print(
        f"quadrature: no bin of the signal moves by more than {content['quadrature_error']:.1e} of the largest"
    )
