"""``cevnsjax plot``: figures of finished fits from their files, several over each other."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevnsjax.cli.common import (
    CodeOption,
    JsonOption,
    Precision,
    check_plot_file,
    configure_jax,
    examples,
    print_json,
    reports_errors,
    say,
    split_names,
)
from cevnsjax.cli.fitted_model import fitted_model
from cevnsjax.cli.plot_style import LogAxes, LogOption, PerUnitOption, RatioOption, ResidualOption, plot_style
from cevnsjax.cli.report import say_left_out
from cevnsjax.cli.run_file import FitSettings, settings_of_run
from cevnsjax.errors import OutputError, ParameterError
from cevnsjax.files import check_folder, writable_folder, write_file

if TYPE_CHECKING:
    from cevnsjax.experiment import PlotStyle
    from cevnsjax.inference.drawn import Drawn

PLOT_EXAMPLES = examples(
    "cevnsjax plot fit-coherent-csi-2021-sm --figure spectrum --residual --ratio",
    "cevnsjax plot my-fit --parameters eps_ee_u,eps_ee_d --format pdf",
    "cevnsjax plot fit-coherent-csi-2021-nsi fit-coherent-csi-2021+coherent-lar-nsi --out comparison",
)


class Figure(StrEnum):
    """Figures of a fit."""

    corner = "corner"
    marginals = "marginals"
    spectrum = "spectrum"


@reports_errors
def plot(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folder of a fit, or several whose posteriors are compared.")
    ],
    figures: Annotated[
        list[Figure] | None,
        typer.Option("--figure", help="What is drawn; repeatable.", show_default="all; no spectrum of several fits"),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Parameter (or derived quantity) that corner and marginals show; repeatable, or with commas.",
            show_default="the first twelve in the corner, all in the marginals",
        ),
    ] = None,
    file_format: Annotated[str, typer.Option("--format", metavar="FORMAT", help="png, pdf, svg or others.")] = "png",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of the figures.", show_default="that of the fit; `plot-NAMES` of several"
        ),
    ] = None,
    residual: ResidualOption = False,
    ratio: RatioOption = False,
    log: LogOption = LogAxes.automatic,
    per_unit: PerUnitOption = None,
    allow_code: CodeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw finished fits again from their files, without sampling: corner, marginals, and the spectrum of one fit.

    Several fits are drawn over each other, in the parameters that they have in common. The spectrum is that of the
    model built anew from run.json, where data and files of the experiment must still be what they were.
    """
    found = list(dict.fromkeys(figures or [])) or [each for each in Figure if _possible(each, folders)]
    if Figure.spectrum in found and len(folders) > 1:
        raise ParameterError("A spectrum is drawn of one fit; leave --figure spectrum out, or name one folder.")
    files = [_posterior_file(folder) for folder in folders]
    target = out or (folders[0] if len(folders) == 1 else Path(f"plot-{'+'.join(each.name for each in folders)}"))
    check_folder(target)
    check_plot_file(Path(f"{Figure.corner}.{file_format}"))
    settings = settings_of_run(folders[0] / "run.json") if Figure.spectrum in found else None
    configure_jax(Precision(settings.precision) if settings else None)
    style = plot_style(residual, ratio, log, per_unit)
    if settings is None and style != plot_style():
        raise ParameterError("--residual, --ratio, --log and --per-unit are of a spectrum, and none is drawn here.")
    posteriors = _told_apart(files)
    draw = _drawings(posteriors, split_names(parameters) or None, settings, style, allow_code)
    new = not target.exists()
    writable_folder(target)
    written, left_out = [], {}
    try:
        for figure in found:
            said: list[str] = []
            path = target / f"{figure}.{file_format}"
            written.append(write_file(path, lambda file, of=figure, names=said: names.extend(draw[of](file))))
            left_out[figure.value] = said
    finally:
        if new and not any(target.iterdir()):
            target.rmdir()
    if as_json:
        print_json({"files": [str(file) for file in written], "left_out": left_out})
        return
    if not parameters:
        for figure, names in left_out.items():
            say_left_out(f"{figure}.{file_format}", names, folders[0])
    say(f"wrote {', '.join(file.name for file in written)} in {target}")


def _possible(figure: Figure, folders: Sequence[Path]) -> bool:
    return figure is not Figure.spectrum or len(folders) == 1


def _posterior_file(folder: Path) -> Path:
    """The samples in the folder of a fit.

    Raises
    ------
    OutputError
        If there are none.
    """
    if not folder.is_dir():
        raise OutputError(f"There is no folder {folder}; name one that `cevnsjax fit` has written.")
    file = folder / "posterior.nc"
    if file.is_file():
        return file
    if (folder / "scan.nc").is_file():
        raise OutputError(f"The folder {folder} holds the map of a scan, and only fits are drawn again; see scan.png.")
    raise OutputError(f"The folder {folder} holds no posterior.nc; name one that `cevnsjax fit` has written.")


def _told_apart(files: Sequence[Path]) -> "list[Drawn]":
    """The posteriors, with the names of their folders where they are of the same experiments and model."""
    from cevnsjax.inference.drawn import Drawn

    posteriors = [Drawn.read(file) for file in files]
    titles = Counter(each.title for each in posteriors)
    return [
        replace(each, title=file.parent.resolve().name) if titles[each.title] > 1 else each
        for each, file in zip(posteriors, files, strict=True)
    ]


def _drawings(
    posteriors: "list[Drawn]",
    parameters: list[str] | None,
    settings: FitSettings | None,
    style: "PlotStyle",
    allow_code: bool,
) -> dict[Figure, Callable[[Path], list[str]]]:
    """Functions that draw each figure into a file and return what it leaves out."""
    from cevnsjax.inference import plot_corner, plot_marginals

    def spectrum(file: Path) -> list[str]:
        assert settings is not None
        _plot_spectrum(posteriors[0], settings, file, style, allow_code)
        return []

    return {
        Figure.corner: lambda file: plot_corner(posteriors, file, parameters),
        Figure.marginals: lambda file: plot_marginals(posteriors, file, parameters),
        Figure.spectrum: spectrum,
    }


def _plot_spectrum(posterior: "Drawn", settings: FitSettings, file: Path, style: "PlotStyle", allow_code: bool) -> None:
    """Build the model anew and draw what it expects at the draws."""
    from cevnsjax.inference import Posterior, plot_spectrum

    model = fitted_model(
        settings.experiment,
        settings.model,
        share=settings.share,
        given=settings.set,
        free=settings.free,
        fix=settings.fix,
        prior=settings.prior,
        allow_code=allow_code,
    ).model
    missing = [name for name in model.names if name not in posterior.samples]
    if missing:
        raise ParameterError(
            f"The model has the parameters {', '.join(missing)}, which posterior.nc does not hold: experiment or model "
            "were others then. Fit again."
        )
    samples: dict[str, Any] = {name: posterior.samples[name][None] for name in model.names}
    plot_spectrum(Posterior(model, samples, {}), file, style=style)
