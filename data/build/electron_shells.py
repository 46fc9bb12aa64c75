"""Write data/electron_shells.csv: binding energy and electrons of the subshells of the elements in data/nuclides.csv.

Usage: python data/build/electron_shells.py DATABASE [--out FILE]. DATABASE is the file xraydb.sqlite of the PyPI
package xraydb (4.5.8 or later: pip download xraydb --no-deps, then unzip).
"""

import argparse
import csv
import sqlite3
from contextlib import closing
from pathlib import Path

DATA = Path(__file__).resolve().parents[1]
COLUMNS = "element,proton_number,shell,binding_energy_keV,electrons"

# Madelung's order, in which subshells nl fill.
ORDER = ["1s", "2s", "2p", "3s", "3p", "4s", "3d", "4p", "5s", "4d", "5p", "6s", "4f", "5d", "6p", "7s", "5f", "6d"]
ORBITALS = "spdf"
# Outer electrons of the atoms whose ground state does not follow it: NIST Atomic Spectra Database, ground states.
EXCEPTIONS = {
    "Cr": {"3d": 5, "4s": 1},
    "Cu": {"3d": 10, "4s": 1},
    "Nb": {"4d": 4, "5s": 1},
    "Mo": {"4d": 5, "5s": 1},
    "Ru": {"4d": 7, "5s": 1},
    "Rh": {"4d": 8, "5s": 1},
    "Pd": {"4d": 10, "5s": 0},
    "Ag": {"4d": 10, "5s": 1},
    "La": {"4f": 0, "5d": 1},
    "Ce": {"4f": 1, "5d": 1},
    "Gd": {"4f": 7, "5d": 1},
    "Pt": {"4f": 14, "5d": 9, "6s": 1},
    "Au": {"4f": 14, "5d": 10, "6s": 1},
    "Ac": {"5f": 0, "6d": 1},
    "Th": {"5f": 0, "6d": 2},
    "Pa": {"5f": 2, "6d": 1},
    "U": {"5f": 3, "6d": 1},
}
# Binding energies in keV that the table must have, from the X-ray Data Booklet (LBNL, 2009), table 1-1.
KNOWN = {
    ("Ar", "K"): 3.2059,
    ("Ge", "K"): 11.103,
    ("I", "K"): 33.169,
    ("Xe", "K"): 34.561,
    ("Xe", "L1"): 5.453,
    ("Cs", "K"): 35.985,
    ("U", "K"): 115.606,
    ("U", "L3"): 17.166,
}


def elements():
    with (DATA / "nuclides.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            yield row["name"].rstrip("0123456789"), int(row["proton_number"])


def configuration(element, protons):
    """Electrons of each nl in the ground state of the neutral atom."""
    counts, left = {}, protons
    for subshell in ORDER:
        counts[subshell] = min(left, 2 * (2 * ORBITALS.index(subshell[1]) + 1))
        left -= counts[subshell]
    counts |= EXCEPTIONS.get(element, {})
    assert sum(counts.values()) == protons, f"{element}: {counts}"
    return counts


def subshells(counts):
    """X-ray names and electrons; of the two j of an nl, the deeper one (j = l - 1/2) fills first."""
    for n in range(1, 8):
        index = 1
        for l, letter in enumerate(ORBITALS[:n]):
            left = counts.get(f"{n}{letter}", 0)
            for capacity in [2 * l, 2 * l + 2] if l else [2]:
                if left > 0:
                    yield f"{'KLMNOPQ'[n - 1]}{index if n > 1 else ''}", min(left, capacity)
                left, index = left - capacity, index + 1


def rows(database):
    edges = {
        (element, shell): energy_eV
        for element, shell, energy_eV in database.execute(
            "select element, iupac_symbol, absorption_edge from xray_levels"
        )
    }
    for (element, shell), energy_keV in KNOWN.items():
        assert abs(edges[element, shell] / 1e3 - energy_keV) < 1e-6, f"{element} {shell}: {edges[element, shell]} eV"
    for element, protons in dict.fromkeys(elements()):
        shells = list(subshells(configuration(element, protons)))
        assert sum(electrons for _, electrons in shells) == protons
        for shell, electrons in shells:
            # a shell that the tables leave out holds valence electrons, which are taken as free
            energy_keV = round(edges.get((element, shell), 0.0) / 1e3, 9)
            yield f"{element},{protons},{shell},{energy_keV:g},{electrons}"


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("database", type=Path, help="xraydb.sqlite of the PyPI package xraydb")
    default = DATA / "electron_shells.csv"
    parser.add_argument("--out", type=Path, default=default, help="file to write (default: the packaged one)")
    arguments = parser.parse_args()
    with closing(sqlite3.connect(f"{arguments.database.resolve().as_uri()}?mode=ro", uri=True)) as database:
        version = database.execute("select tag from Version order by id desc limit 1").fetchone()[0]
        table = list(rows(database))
    header = {
        "title": "Binding energies and electrons of the subshells of the neutral atoms H to U",
        "source": "binding energies Elam, Ravel and Sieber (Radiat. Phys. Chem. 63, 121, 2002), as in the PyPI package "
        f"xraydb (database version {version}); electrons from the ground-state configuration of the atom",
        "made_by": "data/build/electron_shells.py",
        "rows": len(table),
        "binding_energy_keV": "absorption edge, keV; 0 (free electrons) for a valence shell that the source leaves out",
        "electrons": "electrons of the subshell; of the two j of one l, the deeper one (j = l - 1/2) is filled first",
    }
    lines = [f"# {key}: {value}" for key, value in header.items()]
    arguments.out.write_text("\n".join([*lines, COLUMNS, *table]) + "\n", encoding="utf-8")
    print(f"{arguments.out.name}: {len(table)} rows")


if __name__ == "__main__":
    main()
