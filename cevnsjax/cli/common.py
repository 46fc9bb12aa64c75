"""What all commands share: options, consoles, errors, files, and the configuration of JAX."""

import contextlib
import functools
import json
import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cevnsjax.errors import CevnsjaxError, InterruptedRun, OutputError
from cevnsjax.files import check_file
from cevnsjax.patience import LOGGER

BAD_INPUT, INTERRUPTED = 2, 130
DEFAULT_MODEL = "sm"
_SIGNED = (".png", ".svg", ".pdf", ".ps", ".eps", ".pgf")  # pictures that say who has drawn them


class Precision(StrEnum):
    """Type of all floating-point numbers."""

    float64 = "float64"
    float32 = "float32"


ExperimentArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[EXPERIMENT]",
        help="Name of the experiment, as `cevnsjax list` shows it, or a file ending in .toml that describes it; "
        "several with commas between are taken together; none where --settings names it.",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="Name of the model, as `cevnsjax list` shows it; several with commas between are taken together.",
        show_default=DEFAULT_MODEL,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Set a parameter or a path (see `list --paths`) to a number; repeatable. Data that are a prediction "
        "(Asimov) are made anew, with what is set as the true values; what the model adds is in them if a number of it "
        "is set.",
    ),
]
FreeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--free",
        metavar="NAME",
        help="Parameter of the model to free instead of its default ones, or a path with a --prior; repeatable, or "
        "with commas.",
    ),
]
FixOption = Annotated[
    list[str] | None,
    typer.Option("--fix", metavar="NAME", help="Nuisance parameter to hold fixed; repeatable, or with commas."),
]
ShareOption = Annotated[
    list[str] | None,
    typer.Option(
        "--share",
        metavar="NAME",
        help="Nuisance parameter that the experiments of a joint fit have in common; repeatable, or with commas.",
    ),
]
PriorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--prior",
        metavar="NAME=PRIOR",
        help="Another prior, or that of a path: Normal, Uniform, TruncatedNormal, LogNormal, LogUniform or HalfNormal; "
        "repeatable.",
    ),
]
SettingsOption = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="TOML file with any of the settings (experiment, model, free, fix, share, prior, set, sampler, precision, "
        "out); options given here take precedence.",
    ),
]
CodeOption = Annotated[
    bool,
    typer.Option(
        "--allow-code", help="Let the description of an experiment run the Python file beside it that it names."
    ),
]
PrecisionOption = Annotated[
    Precision | None,
    typer.Option(case_sensitive=False, help="Type of all floating-point numbers.", show_default="float64"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]


def examples(*lines: str) -> str:
    """Write the examples at the end of a command's help: a blank line keeps each on a line of its own."""
    return "\n\n".join(["Examples:", *lines])


def tables() -> Console:
    """Console for results, on stdout; wide where it is not a terminal, so that nothing is cut off in a file."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=160)


def fits(console: Console, rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table of these cells, with its lines, is not wider than the console."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return sum(widths) + 3 * len(widths) + 1 <= console.width


def messages() -> Console:
    """Console for progress and messages, on stderr."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str, style: str | None = None) -> None:
    """Print one line on stderr, as it is but for characters that control a terminal."""
    shown = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    messages().print(shown, style=style, markup=False)


def warn(text: str) -> None:
    """Print a warning on stderr."""
    say(f"warning: {text}", "yellow")


def print_json(content: dict[str, Any]) -> None:
    """Print one JSON object on stdout; numbers that are not finite become null."""
    typer.echo(json.dumps(finite(content), indent=2))


def finite(content: Any) -> Any:
    """Return nested lists and dictionaries with ``None`` for every number that is not finite: JSON has no others."""
    if isinstance(content, dict):
        return {name: finite(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


class _Aloud(logging.Handler):
    """Say on stderr what the package tells its logger: what takes long."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


@contextlib.contextmanager
def _said_aloud() -> Iterator[None]:
    logger, handler = logging.getLogger(LOGGER), _Aloud()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def reports_errors(command: Callable) -> Callable:
    """Wrap a command: bad input and interruption end it with a sentence on stderr and an exit code, not a traceback."""

    @functools.wraps(command)
    def wrapped(*arguments, **keywords):
        try:
            with _said_aloud():
                return command(*arguments, **keywords)
        except InterruptedRun as error:
            say(str(error))
            raise typer.Exit(INTERRUPTED) from None
        except KeyboardInterrupt:
            say("Interrupted.")
            raise typer.Exit(INTERRUPTED) from None
        except CevnsjaxError as error:
            say(f"error: {error}", "bold red")
            raise typer.Exit(BAD_INPUT) from None

    return wrapped


def configure_jax(precision: Precision | None = None) -> None:
    """Set the precision, float64 unless given, and keep compiled programs between runs where there can be a folder."""
    import jax
    from platformdirs import user_cache_dir

    jax.config.update("jax_enable_x64", precision is not Precision.float32)
    folder = os.environ.get("JAX_COMPILATION_CACHE_DIR") or user_cache_dir("cevnsjax")
    if "://" not in folder and not _writable(Path(folder)):
        jax.config.update("jax_enable_compilation_cache", False)
        return
    jax.config.update("jax_compilation_cache_dir", folder)
    if "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS" not in os.environ:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def check_plot_file(path: Path) -> None:
    """Refuse a plot whose format is not known, that cannot be written, or that would replace what is no such plot.

    A plot that was drawn before may be drawn again; a file that Matplotlib has not signed is somebody's own.

    Raises
    ------
    OutputError
        If so.
    """
    if path.suffix.lower() not in _SIGNED:
        from matplotlib.figure import Figure

        formats = sorted(Figure().canvas.get_supported_filetypes())
        if path.suffix.removeprefix(".").lower() not in formats:
            raise OutputError(f"The plot {path} needs one of the endings {', '.join(formats)}.")
    check_file(path)
    if path.exists() and not _drawn(path):
        raise OutputError(f"The file {path} is there already and no plot of this program; give the plot another name.")


def _drawn(path: Path) -> bool:
    """Whether Matplotlib has drawn a file: formats that it signs say so, of the others nobody knows."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return path.suffix.lower() not in _SIGNED or b"atplotlib" in content


def results_folder(command: str, experiment: str, *others: str) -> Path:
    """Folder of the results of a command, from the names of what it was asked for: an experiment, and a model."""
    names = "+".join(Path(each.strip()).name.removesuffix(".toml") for each in experiment.split(","))
    return Path("-".join([command, names, *(each.replace(",", "+") for each in others)]))


def split_names(given: Iterable[str] | None) -> list[str]:
    """Names from repeated options, each of which may hold several with commas between."""
    return [name.strip() for text in given or () for name in text.split(",") if name.strip()]
