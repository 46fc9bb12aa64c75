"""The command line: ``cevnsjax list``, ``spectrum``, ``cross-section``, ``check``, ``fit`` and others."""

import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer

from cevnsjax.cli.calibrate import CALIBRATE_EXAMPLES, calibrate
from cevnsjax.cli.check import CHECK_EXAMPLES, check
from cevnsjax.cli.common import BAD_INPUT, INTERRUPTED, say
from cevnsjax.cli.config import CONFIG_EXAMPLES, config
from cevnsjax.cli.cross_section import CROSS_SECTION_EXAMPLES, cross_section
from cevnsjax.cli.design import DESIGN_EXAMPLES, design
from cevnsjax.cli.fit import FIT_EXAMPLES, fit
from cevnsjax.cli.fog import FOG_EXAMPLES, fog
from cevnsjax.cli.list_command import LIST_EXAMPLES, list_command
from cevnsjax.cli.plot import PLOT_EXAMPLES, plot
from cevnsjax.cli.scan import SCAN_EXAMPLES, scan
from cevnsjax.cli.sensitivity import SENSITIVITY_EXAMPLES, sensitivity
from cevnsjax.cli.spectrum import SPECTRUM_EXAMPLES, spectrum
from cevnsjax.cli.unfold import UNFOLD_EXAMPLES, unfold
from cevnsjax.cli.validate import VALIDATE_EXAMPLES, validate

_UsageError: Any = typer.BadParameter.__base__  # what Typer raises of options and arguments: every kind of them

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(name="list", epilog=LIST_EXAMPLES)(list_command)
app.command(epilog=SPECTRUM_EXAMPLES)(spectrum)
app.command(name="cross-section", epilog=CROSS_SECTION_EXAMPLES)(cross_section)
app.command(epilog=CHECK_EXAMPLES)(check)
app.command(epilog=FIT_EXAMPLES)(fit)
app.command(epilog=CALIBRATE_EXAMPLES)(calibrate)
app.command(epilog=DESIGN_EXAMPLES)(design)
app.command(epilog=CONFIG_EXAMPLES)(config)
app.command(epilog=FOG_EXAMPLES)(fog)
app.command(epilog=PLOT_EXAMPLES)(plot)
app.command(epilog=SCAN_EXAMPLES)(scan)
app.command(epilog=SENSITIVITY_EXAMPLES)(sensitivity)
app.command(epilog=UNFOLD_EXAMPLES)(unfold)
app.command(epilog=VALIDATE_EXAMPLES)(validate)


def _print_version(asked: bool) -> bool:
    if asked:
        typer.echo(f"cevnsjax {version('cevnsjax')}")
        raise typer.Exit
    return asked


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Coherent elastic neutrino-nucleus scattering: predictions and Bayesian fits."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit the process.

    Parameters
    ----------
    arguments
        Arguments after the program's name; those of the process by default.
    """
    try:
        code = app(args=arguments, prog_name="cevnsjax", standalone_mode=False)
    except typer.Abort:  # Ctrl-C before a command has begun
        sys.exit(INTERRUPTED)
    except _UsageError as error:
        sentence = " ".join(error.format_message().split())
        if sentence:  # without any argument it is empty, and help is printed
            say(f"error: {sentence}", "bold red")
        sys.exit(BAD_INPUT)
    sys.exit(code)
