"""``cevnsjax config``: the run.json of a fit as a file that ``cevnsjax fit`` takes."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cevnsjax.cli.common import check_folder, examples, reports_errors, say
from cevnsjax.cli.run_file import settings_from, write_settings
from cevnsjax.errors import OutputError
from cevnsjax.files import write_file

CONFIG_EXAMPLES = examples(
    "cevnsjax config fit-coherent-csi-2021-sm/run.json",
    "cevnsjax config fit-coherent-csi-2021-sm/run.json --out run.toml && cevnsjax fit run.toml",
)


@reports_errors
def config(
    run: Annotated[Path, typer.Argument(metavar="RUN_JSON", help="The run.json of a fit.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it into a file.")] = None,
) -> None:
    """Turn the run.json of a fit back into a file that `cevnsjax fit` takes."""
    try:
        given = dict(json.loads(run.read_text(encoding="utf-8"))["settings"])
    except (OSError, UnicodeDecodeError) as error:
        raise OutputError(f"The file {run} cannot be read: {getattr(error, 'strerror', error)}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise OutputError(f"The file {run} is not the run.json of a fit.") from error
    text = write_settings(settings_from(given, str(run)))
    if out is None:
        typer.echo(text, nl=False)
        return
    check_folder(out.absolute().parent)
    write_file(out, lambda path: path.write_text(text, encoding="utf-8"))
    say(f"wrote {out}")
