"""``cevnsjax fog``: where solar, supernova and atmospheric neutrinos hide WIMPs."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import (
    DEFAULT_MODEL,
    JsonOption,
    ModelOption,
    SetOption,
    configure_jax,
    examples,
    finite,
    print_json,
    reports_errors,
    split_names,
    tables,
    warn,
)
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.progress import Stages, stages
from cevnsjax.cli.report import optional, surroundings
from cevnsjax.cli.run_folder import ForceOption, check_results, run_folder
from cevnsjax.cli.settings import apply_settings, parse_numbers
from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.files import check_folder, write_file

if TYPE_CHECKING:
    from cevnsjax.design import FluxNorm

RESULTS = ("fog.json", "fog.png")
"""Files of a fog: the first is its record."""

LOWEST_GEV, HIGHEST_GEV, MASSES = 0.3, 1000.0, 200
_MEV_PER_GEV, _UNIT_CM2 = 1e3, 1e-45
_EXPOSURES_PER_DECADE = 10  # of the figure
_PRINTED = 12  # rows of the table
_STANDARD = "Standard Model"
_SOURCES = "pp, pep, hep, 7Be, 8B, 13N, 15O, 17F, dsnb, atmospheric"

FOG_EXAMPLES = examples(
    "cevnsjax fog Xe",
    "cevnsjax fog CaWO4 --lowest-mass 0.5 --highest-mass 100 --masses 60",
    "cevnsjax fog Ge --model nsi --set eps_ee_u=0.2",
    "cevnsjax fog Ar --uncertainty atmospheric=0.1 --uncertainty 8B=0.04 --out argon",
)


@reports_errors
def fog(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A formula like Xe, Ge, Ar, CaWO4 or [Ge76:0.87].")],
    lowest_mass: Annotated[float, typer.Option(metavar="GEV", help="Smallest mass of the WIMP, GeV.")] = LOWEST_GEV,
    highest_mass: Annotated[float, typer.Option(metavar="GEV", help="Largest mass of the WIMP, GeV.")] = HIGHEST_GEV,
    masses: Annotated[int, typer.Option(help="Number of masses, even in the logarithm.", min=2)] = MASSES,
    model: ModelOption = None,
    set_values: SetOption = None,
    sources: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            metavar="NAME",
            help=f"Neutrinos that there are: {_SOURCES}; all unless named, repeatable, or with commas.",
        ),
    ] = None,
    uncertainty: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOURCE=VALUE",
            help="Relative standard deviation of the flux of a source; repeatable.",
        ),
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of the results, `fog-TARGET-MODEL` by default.")
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_latex: LatexOption = False,
) -> None:
    """Find the neutrino fog of a target: a table here, and a plot and fog.json in a folder.

    The fog begins where a discovery limit falls slower with the exposure than a known background allows: n = -(d ln
    sigma/d ln N)^-1 = 2. Recoils from 1e-4 keV on are seen as they are; halo, fluxes and their errors are those of
    O'Hare, Phys. Rev. Lett. 127, 251802. A model changes what neutrinos do; the Standard Model is shown beside it.
    """
    started, form = time.monotonic(), chosen_format(as_json, as_csv, as_latex)
    model = model or DEFAULT_MODEL
    if not 0.0 < lowest_mass < highest_mass < np.inf:
        raise ParameterError(
            "--lowest-mass must be positive and below --highest-mass (both in GeV), got "
            f"{lowest_mass:g} and {highest_mass:g}."
        )
    given, spreads = parse_numbers(set_values), parse_numbers(uncertainty, "--uncertainty")
    configure_jax()
    folder = Path(out) if out else Path(f"fog-{target.replace('/', '_')}-{model}")
    check_folder(folder)
    norms = _norms(split_names(sources), spreads)
    settings = {
        "target": target,
        "model": model,
        "set": given,
        "uncertainty": {name: norm.uncertainty for name, norm in norms.items()},
        "lowest_mass_GeV": lowest_mass,
        "highest_mass_GeV": highest_mass,
        "masses": masses,
    }
    check_results(folder, RESULTS[0], RESULTS, settings, force)
    title = f"{target}, model {model}: where the neutrino fog begins (n = 2)"
    with run_folder(folder):
        with stages() as shown:
            found = _found(target, model, given, norms, np.geomspace(lowest_mass, highest_mass, masses), shown)
        report = settings | _report(found)
        files = _write(folder, found, report, f"Neutrino fog of {target}")
    _warn(report)
    wall_s = time.monotonic() - started
    if form is Format.json:
        print_json(report | {"wall_s": wall_s, "files": [str(file) for file in files]})
    elif form is not Format.text:
        print_rows(form, _rows(report), title)
    else:
        _print(report, title)
        tables().print(f"wrote {', '.join(file.name for file in files)} in {folder}, {wall_s:.1f} s", markup=False)


def _warn(report: dict[str, Any]) -> None:
    """Say where no fog was found."""
    for name, line in report["lines"].items():
        without = int(np.sum(~np.isfinite(line["cross_section_cm2"])))
        if without:
            warn(
                f"{without} of {len(report['mass_GeV'])} masses have no fog ({name}): their recoils are too small, or "
                "n stays below 2 up to 1e10 t yr."
            )


def _norms(sources: Sequence[str], spreads: Mapping[str, float]) -> dict[str, "FluxNorm"]:
    """Fluxes of the sources that are named, of all if none is, with the standard deviations that are given."""
    from cevnsjax.design import FLUX_NORMS

    for name in sources:
        if name not in FLUX_NORMS:
            raise UnknownNameError("source of the fog", name, tuple(FLUX_NORMS))
    norms = {name: norm for name, norm in FLUX_NORMS.items() if not sources or name in sources}
    for name, spread in spreads.items():
        if name not in norms:
            raise UnknownNameError("source of this fog", name, tuple(norms))
        if spread < 0.0:
            raise ParameterError(f"--uncertainty '{name}={spread:g}' must be zero or positive.")
        norms[name] = norms[name]._replace(uncertainty=spread)
    return norms


def _found(
    target: str,
    model: str,
    given: Mapping[str, float],
    norms: Mapping[str, "FluxNorm"],
    masses_GeV: np.ndarray,
    shown: Stages,
) -> dict[str, Any]:
    """Where the fog of a model and of the Standard Model begins, and discovery limits of the model."""
    from cevnsjax.arrays import as_float
    from cevnsjax.design import discovery_limits, fog_line, fog_scattering, recoil_fog
    from cevnsjax.design.fog import EXPOSURES_T_YR
    from cevnsjax.models import named_model

    plain = fog_scattering(target, norms)
    chosen = named_model(model)
    prepared, values = apply_settings(chosen.prepared(plain), chosen, given)
    changed = model != DEFAULT_MODEL or bool(values)
    label = ", ".join([model, *(f"{name} = {value:g}" for name, value in given.items())]) if changed else _STANDARD
    setups = {label: prepared} | ({_STANDARD: plain} if changed else {})
    fogs, lines = {}, {}
    for name, setup in setups.items():
        stage = f"neutrinos, {name}"

        def progress(done: int, of: int, stage: str = stage, sources: str = ", ".join(setup.sources)) -> None:
            if not shown.begun(stage):
                shown.begin(stage, of, f"{stage}: recoils of {sources}")
            shown.update(stage, done, of)

        fogs[name] = recoil_fog(setup, _MEV_PER_GEV * masses_GeV, norms=norms, progress=progress)
        lines[name] = fog_line(fogs[name])
    decades = np.log10(EXPOSURES_T_YR[1] / EXPOSURES_T_YR[0])
    exposures = np.geomspace(*EXPOSURES_T_YR, round(decades * _EXPOSURES_PER_DECADE) + 1)
    shown.begin("limits", None, f"limits: {len(masses_GeV)} masses at {len(exposures)} exposures")
    return {
        "label": label,
        "masses_GeV": masses_GeV,
        "exposures_t_yr": exposures,
        "lines": lines,
        "limits": discovery_limits(fogs[label], as_float(exposures)),
    }


def _report(found: dict[str, Any]) -> dict[str, Any]:
    """A fog as plain numbers."""
    limits = found["limits"]
    return {
        "mass_GeV": found["masses_GeV"].tolist(),
        "lines": {
            name: {
                "cross_section_cm2": (_UNIT_CM2 * np.asarray(line.cross_section_1e45cm2)).tolist(),
                "exposure_t_yr": np.asarray(line.exposure_t_yr).tolist(),
            }
            for name, line in found["lines"].items()
        },
        "discovery_limits": {
            "exposure_t_yr": found["exposures_t_yr"].tolist(),
            "cross_section_cm2": (_UNIT_CM2 * np.asarray(limits.cross_section_1e45cm2)).tolist(),
            "opacity": np.asarray(limits.opacity).tolist(),
        },
    }


def _write(folder: Path, found: dict[str, Any], report: dict[str, Any], title: str) -> list[Path]:
    """Write the record, then the plot, each whole or not at all; without the plot, if that fails."""
    from cevnsjax.design import plot_fog

    record, plot = (folder / name for name in RESULTS)
    run = finite(report | surroundings())
    files = [write_file(record, lambda path: path.write_text(json.dumps(run, indent=2) + "\n"))]
    masses_MeV, lines = _MEV_PER_GEV * found["masses_GeV"], found["lines"]
    with optional(f"{plot} is not drawn", f"the fog is in {record}"):
        files.append(write_file(plot, lambda path: plot_fog(masses_MeV, found["limits"], lines, path, title)))
    return files


def _rows(report: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each mass: where the fog of each model begins."""
    rows = []
    for index, mass in enumerate(report["mass_GeV"]):
        row = {"mass_GeV": mass}
        for place, line in enumerate(report["lines"].values()):
            of = "" if place == 0 else "standard_model_"
            row |= {f"{of}{name}": numbers[index] for name, numbers in line.items()}
        rows.append(row)
    return rows


def _print(report: dict[str, Any], title: str) -> None:
    """Print some of the rows."""
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    table.add_column("mass (GeV)", justify="right", no_wrap=True)
    for name in report["lines"]:
        table.add_column(escape(f"sigma_p (cm^2),\n{name}"), justify="right")
        table.add_column("exposure (t yr)", justify="right")
    rows = _rows(report)
    for index in np.unique(np.linspace(0, len(rows) - 1, min(len(rows), _PRINTED)).round().astype(int)):
        mass, *numbers = rows[index].values()
        table.add_row(f"{mass:.3g}", *(f"{number:.3g}" if np.isfinite(number) else "-" for number in numbers))
    tables().print(table)
