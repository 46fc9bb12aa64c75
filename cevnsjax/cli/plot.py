"""``cevnsjax plot``: figures of finished fits and scans from their files, several over each other."""

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
from cevnsjax.cli.overlays import curves_of_run
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
    "cevnsjax plot scan-coherent-csi-2021-nsi scan-coherent-lar-nsi",
)
_POSTERIOR, _MAP = "posterior.nc", "scan.nc"


class Figure(StrEnum):
    """Figures of a fit, and of a scan: its contours."""

    corner = "corner"
    marginals = "marginals"
    spectrum = "spectrum"
    contours = "contours"


@reports_errors
def plot(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folder of a fit or of a scan, or several that are compared.")
    ],
    figures: Annotated[
        list[Figure] | None,
        typer.Option("--figure", help="What is drawn; repeatable.", show_default="all that there are"),
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
    """Draw finished fits and scans again from their files: corner, marginals and the spectrum of a fit, or contours.

    Several fits are drawn over each other, in the parameters that they have in common; several scans, with contours of
    90 %; published curves that were drawn over a scan are drawn again. The spectrum is that of the model built anew
    from run.json, where data and files of the experiment must still be what they were.
    """
    files = [_results(folder) for folder in folders]
    found = _figures(figures, files)
    target = out or (folders[0] if len(folders) == 1 else Path(f"plot-{'+'.join(each.name for each in folders)}"))
    check_folder(target)
    check_plot_file(Path(f"{Figure.corner}.{file_format}"))
    settings = settings_of_run(folders[0] / "run.json") if Figure.spectrum in found else None
    configure_jax(Precision(settings.precision) if settings else None)
    style = plot_style(residual, ratio, log, per_unit)
    if settings is None and style != plot_style():
        raise ParameterError("--residual, --ratio, --log and --per-unit are of a spectrum, and none is drawn here.")
    if Figure.contours in found:
        draw: dict[Figure, Callable[[Path], list[str]]] = {Figure.contours: lambda file: _plot_contours(files, file)}
    else:
        draw = _drawings(_read(files), split_names(parameters) or None, settings, style, allow_code)
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


def _results(folder: Path) -> Path:
    """The samples in the folder of a fit, or the map in that of a scan.

    Raises
    ------
    OutputError
        If there is neither.
    """
    if not folder.is_dir():
        raise OutputError(f"There is no folder {folder}; name one that `cevnsjax fit` or `cevnsjax scan` has written.")
    for file in (folder / _POSTERIOR, folder / _MAP):
        if file.is_file():
            return file
    raise OutputError(
        f"The folder {folder} holds neither {_POSTERIOR} nor {_MAP}; name one that `cevnsjax fit` or `cevnsjax scan` "
        "has written."
    )


def _figures(chosen: Sequence[Figure] | None, files: Sequence[Path]) -> list[Figure]:
    """What is drawn of these results.

    Raises
    ------
    ParameterError
        If they are of different kinds, or have no such figure.
    """
    kinds = {file.name for file in files}
    if len(kinds) > 1:
        raise ParameterError("Fits and scans are not drawn over each other; name folders of one kind.")
    possible = [Figure.contours] if kinds == {_MAP} else [Figure.corner, Figure.marginals]
    if kinds == {_POSTERIOR} and len(files) == 1:
        possible.append(Figure.spectrum)
    for figure in chosen or ():
        if figure not in possible:
            of = f"{len(files)} {'scan' if kinds == {_MAP} else 'fit'}{'s' if len(files) > 1 else ''}"
            raise ParameterError(f"There is no figure {figure} of {of}; one of {', '.join(possible)}.")
    return list(dict.fromkeys(chosen or possible))


def _told_apart(titled: list[Any], files: Sequence[Path]) -> list[Any]:
    """Results with the names of their folders where they are of the same experiments and model."""
    titles = Counter(each.title for each in titled)
    return [
        replace(each, title=file.parent.resolve().name) if titles[each.title] > 1 else each
        for each, file in zip(titled, files, strict=True)
    ]


def _read(files: Sequence[Path]) -> "list[Drawn]":
    from cevnsjax.inference import Drawn

    return _told_apart([Drawn.read(file) for file in files], files)


def _plot_contours(files: Sequence[Path], path: Path) -> list[str]:
    """Draw maps over each other, and the curves that were drawn over each; nothing is left out."""
    from cevnsjax.inference.contours import SavedMap, plot_contours

    curves = [curve for file in files for curve in curves_of_run(file.with_name("scan.json"))]
    plot_contours(_told_apart([SavedMap.read(file) for file in files], files), path, curves)
    return []


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

    model = fitted_model(settings, allow_code=allow_code).model
    missing = [name for name in model.names if name not in posterior.samples]
    if missing:
        raise ParameterError(
            f"The model has the parameters {', '.join(missing)}, which posterior.nc does not hold: experiment or model "
            "were others then. Fit again."
        )
    samples: dict[str, Any] = {name: posterior.samples[name][None] for name in model.names}
    plot_spectrum(Posterior(model, samples, {}), file, style=style)
