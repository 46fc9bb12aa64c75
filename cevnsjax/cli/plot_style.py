"""Options of commands that draw spectra."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cevnsjax.experiment import PlotStyle


class LogAxes(StrEnum):
    """Which axes of a spectrum are logarithmic."""

    automatic = "automatic"
    none = "none"
    x = "x"
    y = "y"
    xy = "xy"


ResidualOption = Annotated[
    bool,
    typer.Option(
        "--residual",
        help="Draw what is left after subtracting the steady-state background, or all backgrounds where there is none "
        "of that name.",
    ),
]
RatioOption = Annotated[bool, typer.Option("--ratio", help="Draw data over expectation below each panel.")]
LogOption = Annotated[
    LogAxes, typer.Option(help="Logarithmic axes; automatic: both where bins grow with what is measured.")
]
PerUnitOption = Annotated[
    bool | None,
    typer.Option(
        "--per-unit/--per-bin", help="Divide counts by the widths of bins, or not.", show_default="where widths differ"
    ),
]


def plot_style(
    residual: bool = False, ratio: bool = False, log: LogAxes = LogAxes.automatic, per_unit: bool | None = None
) -> "PlotStyle":
    """What the options say.

    Raises
    ------
    ParameterError
        If they contradict each other.
    """
    from cevnsjax.experiment import PlotStyle

    axes = {LogAxes.automatic: None, LogAxes.none: ""}
    return PlotStyle(residual, ratio, axes.get(log, log.value), per_unit)
