"""``cevnsjax config``: files to start from, the description of an experiment or the settings of a finished fit."""

import difflib
import json
from pathlib import Path
from typing import Annotated

import typer

from cevnsjax.cli.common import examples, reports_errors, say
from cevnsjax.cli.run_file import settings_of_run, write_settings
from cevnsjax.errors import CevnsjaxError, OutputError, UnknownNameError
from cevnsjax.files import check_file, write_file

CONFIG_EXAMPLES = examples(
    "cevnsjax config conus --out my_detector.toml && cevnsjax check my_detector.toml",
    "cevnsjax config fit-coherent-csi-2021-sm/run.json",
    "cevnsjax config fit-coherent-csi-2021-sm/run.json --out run.toml && cevnsjax fit --settings run.toml",
)


@reports_errors
def config(
    of: Annotated[
        str | None, typer.Argument(metavar="NAME|RUN_JSON", help="Name of an experiment, or the run.json of a fit.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of descriptions, for editors, instead.")
    ] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it into a new file.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there already.")] = False,
) -> None:
    """Print the description of an experiment to start from, or the run.json of a fit as a file for `--settings`."""
    if out is not None:
        check_file(out)
        if out.exists() and not force:
            raise OutputError(f"The file {out} is there already; give another --out, or --force to replace it.")
    if (of is None) != schema:
        raise CevnsjaxError("Give the name of an experiment, the run.json of a fit, or --schema.")
    text = _schema() if of is None else _settings(Path(of)) if of.endswith(".json") else _description(of)
    if out is None:
        typer.echo(text, nl=False)
        return
    write_file(out, lambda path: path.write_text(text, encoding="utf-8"))
    say(f"wrote {out}")


def _description(name: str) -> str:
    """The file of an experiment of the catalogue."""
    from cevnsjax.experiment.catalogue import DESCRIPTIONS, EXPERIMENTS

    if name in DESCRIPTIONS:
        return DESCRIPTIONS[name].read_text(encoding="utf-8")
    if name not in EXPERIMENTS:
        raise UnknownNameError("experiment", name, EXPERIMENTS)
    alike = difflib.get_close_matches(name, DESCRIPTIONS, cutoff=0.0)
    raise CevnsjaxError(
        f"{name} is built by code with logic of its own, not described by a file; start from one that is, like "
        f"{', '.join(alike)}."
    )


def _schema() -> str:
    """Schema of descriptions as a text."""
    from cevnsjax.experiment.description.schema import description_schema

    return json.dumps(description_schema(), indent=1) + "\n"


def _settings(run: Path) -> str:
    return write_settings(settings_of_run(run))
