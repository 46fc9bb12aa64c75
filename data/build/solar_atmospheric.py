"""Write data/solar/ and data/atmospheric.csv from a folder with the tables that the SNuDD code carries.

Usage: python data/build/solar_atmospheric.py RELEASE_DIR. The folder holds `B8_neutrino_flux.txt` (energy in MeV,
density, and the same three standard deviations up and down), `hep_neutrino.txt`, `N13_neutrino.txt`,
`15O_neutrino.txt`, `17F_neutrino.txt`, `pp_neutrino.txt` (energy in MeV, density), `Atmos_e_neutrino_flux.txt` and
`Atmos_mu_neutrino_flux.txt` (energy in GeV, neutrinos, their error, antineutrinos, their error; m^-2 s^-1 GeV^-1).

The long tables of 8B and hep are written on fewer knots: the values there are the least-squares fit of straight pieces
to the table, which keeps its truncated moments to a part in a million; every other point of the table would not.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import lsq_linear

MADE_BY = "data/build/solar_atmospheric.py"
DATA = Path(__file__).resolve().parents[1]
BAHCALL = "J. N. Bahcall and collaborators, tables of www.sns.ias.edu/~jnb/SNdata, as in github.com/SNuDD/SNuDD"
SPECTRA = {
    "pp": ("pp_neutrino.txt", 84, f"pp neutrinos: {BAHCALL}"),
    "8B": ("B8_neutrino_flux.txt", 260, f"J. N. Bahcall et al., Phys. Rev. C 54, 411 (1996): {BAHCALL}"),
    "hep": ("hep_neutrino.txt", 240, f"hep neutrinos: {BAHCALL}"),
    "13N": ("N13_neutrino.txt", 200, f"J. N. Bahcall and R. K. Ulrich, Rev. Mod. Phys. 60, 297 (1988): {BAHCALL}"),
    "15O": ("15O_neutrino.txt", 500, f"J. N. Bahcall and R. K. Ulrich, Rev. Mod. Phys. 60, 297 (1988): {BAHCALL}"),
    "17F": ("17F_neutrino.txt", 500, f"J. N. Bahcall and R. K. Ulrich, Rev. Mod. Phys. 60, 297 (1988): {BAHCALL}"),
}
SMALLEST_DENSITY_PER_MEV = 2e-5  # of the table of 8B: below it the shape mode would be made of rounded digits

FLUXES = "B16-GS98: N. Vinyoles et al., Astrophys. J. 835, 202 (2017), arXiv:1611.09867"
DENSITIES = (
    "mean over the B16-GS98 distribution of production radii (arXiv:1611.09867, table as in "
    "github.com/michelelucente/PEANUTS, nudistr_b16_gs98.dat), from 32 of its radii: good to 0.5 %"
)
LINES = "J. N. Bahcall, Neutrino Astrophysics, 1989; recalled, not checked against the book"
# flux (cm^-2 s^-1), its relative uncertainty, mean electron density where it is produced (mol cm^-3)
TOTALS = {
    "pp": (5.98e10, 0.006, 60.6),
    "pep": (1.44e8, 0.010, 66.5),
    "hep": (7.98e3, 0.30, 51.0),
    "7Be": (4.93e9, 0.06, 79.6),
    "8B": (5.46e6, 0.12, 87.9),
    "13N": (2.78e8, 0.15, 73.6),
    "15O": (2.05e8, 0.17, 86.2),
    "17F": (5.29e6, 0.20, 87.0),
}
LINE_VALUES = {
    "pep_line_energies_MeV": ([1.442], "MeV"),
    "pep_line_fractions": ([1.0], "1"),
    "7Be_line_energies_MeV": ([0.3843, 0.8613], "MeV"),
    "7Be_line_fractions": ([0.103, 0.897], "1"),
}


def integrate(energy, density, lower, power):
    """Integral of straight pieces times E^power above each lower limit, to rounding."""
    abscissae, weights = np.polynomial.legendre.leggauss(12)
    edges = np.unique(np.concatenate([energy, lower]))
    half = 0.5 * np.diff(edges)
    nodes = edges[:-1, None] + half[:, None] * (1 + abscissae)
    pieces = (np.interp(nodes, energy, density) * nodes**power * weights * half[:, None]).sum(axis=1)
    above = np.append(np.cumsum(pieces[::-1])[::-1], 0.0)
    return above[np.searchsorted(edges, lower)]


def thin(energy, density, number):
    """The knots that divide the curvature evenly, and the least-squares values on them, of the same area."""
    if number >= energy.size:
        return energy, density
    slope = np.gradient(density, energy)
    bending = np.sqrt(np.abs(np.gradient(slope, energy)))
    bending /= bending.mean()
    low = 1.0 / energy  # moments of negative powers are made there
    need = np.cumsum(bending + 0.3 + low / low.mean())
    picks = np.unique(np.searchsorted(need, np.linspace(need[0], need[-1], number)).clip(0, energy.size - 1))
    # no wide panel: a factor of two at most between neighbours
    picks = np.unique(np.concatenate([picks, [0, 1, 2, 4, 8, 16, energy.size - 2, energy.size - 1]]))
    knots = energy[picks]
    fine = np.unique(np.concatenate([energy, 0.5 * (energy[1:] + energy[:-1])]))
    hats = np.stack([np.interp(fine, knots, unit) for unit in np.eye(knots.size)], axis=1)
    widths = np.sqrt(np.gradient(fine))[:, None]
    values = lsq_linear(hats * widths, np.interp(fine, energy, density) * widths[:, 0], bounds=(0, np.inf), tol=1e-14).x
    return knots, values * np.trapezoid(density, energy) / np.trapezoid(values, knots)


def write_table(path, header, names, columns, digits):
    rows = [
        ",".join(f"{x:.{digit}g}" for x, digit in zip(row, digits, strict=True)) for row in zip(*columns, strict=True)
    ]
    lines = [f"# {key}: {text}" for key, text in {**header, "made_by": MADE_BY, "rows": len(rows)}.items()]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([*lines, ",".join(names), *rows]) + "\n", encoding="utf-8")
    print(f"{path.relative_to(DATA)}: {len(rows)} rows")


def write_spectrum(release, name):
    file, number, source = SPECTRA[name]
    table = np.loadtxt(release / file)
    energy, density = table[:, 0], table[:, 1]
    last = np.flatnonzero(density)[-1]
    table = table[: last + 2]
    energy, density = table[:, 0], table[:, 1] / np.trapezoid(table[:, 1], table[:, 0])
    knots, values = thin(energy, density, number)
    lower = np.linspace(knots[0], knots[-1], 401)
    for power in (0, -1, -2):
        before, after = integrate(energy, density, lower, power), integrate(knots, values, lower, power)
        worst = np.abs(after - before).max() / before[0]
        print(f"  {name}, power {power}: moments kept to {worst:.1e}")
        assert worst < 1e-6
    header = {
        "title": f"Energy spectrum of {name} solar neutrinos, unit area",
        "source": source,
        "interpolation": "straight lines between knots; zero below the first one and above the last one",
    }
    names, columns, digits = ["energy_MeV", "density_per_MeV"], [knots, values], [8, 9]
    if name == "8B":
        up, down = table[:, 2], table[:, 3]
        good = np.minimum(density, np.minimum(up, down)) > SMALLEST_DENSITY_PER_MEV
        good &= energy > energy[4]
        mode = np.interp(knots, energy[good], np.log(up[good] / down[good]) / 6.0)
        names, columns, digits = [*names, "shape_mode"], [*columns, mode], [8, 9, 6]
        header["shape_mode"] = (
            "one sixth of ln(upper/lower), the spectra three theoretical standard deviations from the middle one: it "
            "moves as density exp(pull shape_mode), normalised again; constant where the table has few digits"
        )
    write_table(DATA / "solar" / f"{name}.csv", header, names, columns, digits)


def write_parameters():
    values = {}
    for name, (flux, uncertainty, electrons) in TOTALS.items():
        values[f"{name}_flux_per_cm2_s"] = {"value": flux, "unit": "cm^-2 s^-1", "source": FLUXES}
        values[f"{name}_relative_uncertainty"] = {"value": uncertainty, "unit": "1", "source": FLUXES}
        values[f"{name}_electron_density_mol_per_cm3"] = {"value": electrons, "unit": "mol/cm^3", "source": DENSITIES}
    for name, (value, unit) in LINE_VALUES.items():
        values[name] = {"value": value, "unit": unit, "source": LINES}
    content = {
        "title": "Fluxes of solar neutrinos, electron densities where they are produced, and lines",
        "source": FLUXES,
        "made_by": MADE_BY,
        "values": values,
    }
    (DATA / "solar" / "parameters.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_atmospheric(release):
    electron, muon = (np.loadtxt(release / f"Atmos_{flavour}_neutrino_flux.txt") for flavour in ("e", "mu"))
    assert np.array_equal(electron[:, 0], muon[:, 0])
    header = {
        "title": "Atmospheric neutrinos from 13 to 944 MeV at Super-Kamiokande, solar average, all directions",
        "source": "FLUKA: G. Battistoni et al., Astropart. Phys. 23, 526 (2005), as in github.com/SNuDD/SNuDD",
        "oscillation": "none: fluxes as produced",
    }
    names = ["energy_MeV", *(f"{name}_flux_per_cm2_s_MeV" for name in ("nu_e", "nu_e_bar", "nu_mu", "nu_mu_bar"))]
    columns = [1e3 * electron[:, 0], *(1e-7 * table[:, column] for table in (electron, muon) for column in (1, 3))]
    write_table(DATA / "atmospheric.csv", header, names, columns, [4] * 5)
    total = sum(np.trapezoid(column, columns[0]) for column in columns[1:])
    assert 7.0 < total < 7.7, f"{total} cm^-2 s^-1"


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("release", type=Path, help="folder with the tables")
    release = parser.parse_args().release
    for name in SPECTRA:
        write_spectrum(release, name)
    write_parameters()
    write_atmospheric(release)


if __name__ == "__main__":
    main()
