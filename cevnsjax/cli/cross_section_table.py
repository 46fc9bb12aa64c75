"""The table of cross sections: its rows, and how they are printed."""

from collections.abc import Callable
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from cevnsjax.cli.common import fits, tables


def table_title(content: dict[str, Any]) -> str:
    """What the table is of."""
    at = (
        f"{content['neutrino']} of {content['neutrino_energy_MeV']:g} MeV" if "neutrino" in content else content["flux"]
    )
    above = f", recoils above {content['threshold_keV']:g} keV" if content["threshold_keV"] else ""
    return f"{content['target']}, {at}, model {content['model']}{above}"


def table_rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each nuclide, interaction and neutrino, with all digits; what grows without end is ``None``."""
    nuclides, differential = content["nuclides"], content.get("differential_cross_section_cm2_per_keV")
    rows = []
    for name, each in content["cross_section_cm2"].items():
        for isotope, components in each.items():
            of = nuclides[isotope]
            for component, value in components.items():
                row = {"nuclide": isotope, "fraction": of["fraction"], "interaction": name, "neutrino": component}
                row["cross_section_cm2"] = value if np.isfinite(value) else None
                if "neutrino" in content:
                    row["largest_recoil_keV"] = content["largest_recoil_keV"][name][isotope]
                if differential is not None:
                    row["recoil_energy_keV"] = content["recoil_energy_keV"]
                    row["differential_cross_section_cm2_per_keV"] = differential[name][isotope]
                    for key in ("proton_form_factor", "neutron_form_factor"):  # which electrons do not see
                        row[key] = of[key] if name != "electrons" else None
                flavour = next(f for f in of["weak_charge"] if component.split("_to_")[-1].startswith(f))
                rows.append(row | {"weak_charge": of["weak_charge"][flavour]})
    return rows


def print_table(content: dict[str, Any]) -> None:
    """Print the table, and the conventions behind it."""
    console = tables()
    table = Table(title=escape(table_title(content)), title_justify="left", title_style="bold")
    heads: dict[str, tuple[str, Callable[[Any], str]]] = {
        "nuclide": ("nuclide", str),
        "fraction": ("fraction", "{:.4g}".format),
        "interaction": ("interaction", str),
        "neutrino": ("neutrino", str),
        "cross_section_cm2": ("sigma (cm^2)", lambda value: _number(np.inf if value is None else value)),
        "largest_recoil_keV": ("T_max (keV)", "{:.6g}".format),
        "differential_cross_section_cm2_per_keV": (
            f"dsigma/dT at {content.get('recoil_energy_keV', 0.0):g} keV (cm^2/keV)",
            _number,
        ),
        "proton_form_factor": ("F_p", _factor),
        "neutron_form_factor": ("F_n", _factor),
        "weak_charge": ("SM weak charge", "{:.5g}".format),
    }
    rows = table_rows(content)
    shown = [name for name in heads if name in rows[0]]
    titles, cells = [heads[name][0] for name in shown], [[heads[name][1](row[name]) for name in shown] for row in rows]
    if fits(console, [titles, *cells]):
        for name, title in zip(shown, titles, strict=True):
            table.add_column(title, justify="left" if name in ("nuclide", "interaction", "neutrino") else "right")
        for each in cells:
            table.add_row(*map(escape, each))
    else:  # one below the other
        table = Table(title=table.title, title_justify="left", title_style="bold", show_header=False)
        for each in cells:
            for title, cell in zip(titles, each, strict=True):
                table.add_row(escape(title), escape(cell))
            table.add_section()
    console.print(table)
    nuclides = content["nuclides"]
    if len(nuclides) > 1:
        for name, each in content["cross_section_cm2"].items():
            for component in next(iter(each.values())):
                mean = sum(nuclides[isotope]["fraction"] * values[component] for isotope, values in each.items())
                console.print(f"{name}, {component}: mean per nucleus {_number(mean)} cm^2", markup=False)
    for what, text in content["convention"].items():
        console.print(f"{what.replace('_', ' ')}: {text}", markup=False)


def _factor(value: float | None) -> str:
    return "-" if value is None else f"{value:.6f}"


def _number(value: float) -> str:
    return f"{value:.9e}" if np.isfinite(value) else "grows without end: give --threshold"
