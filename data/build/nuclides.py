"""Write data/nuclides.csv: AME2020 atomic masses and natural abundances of the nuclides of H to U that last.

Usage: python data/build/nuclides.py [--out FILE]. Needs the PyPI packages periodictable (2.1.0 or later) and mendeleev
(1.3.0 or later), of which only half-lives are read.
"""

import argparse
from importlib.metadata import version
from pathlib import Path

import periodictable  # pyright: ignore[reportMissingImports]
from mendeleev.fetch import fetch_table  # pyright: ignore[reportMissingImports]
from periodictable import mass as periodictable_mass  # pyright: ignore[reportMissingImports]

COLUMNS = "name,proton_number,mass_number,atomic_mass_u,abundance"
LAST_PROTON_NUMBER = 92
# Years in the units of the half-lives.
YEARS = {"sec": 1 / 31557600, "minute": 60 / 31557600, "hour": 3600 / 31557600, "day": 1 / 365.25, "year": 1.0}
YEARS |= {f"{prefix}year": 10.0 ** (3 * (i + 1)) for i, prefix in enumerate(("k", "M", "G", "T", "P", "E", "Z", "Y"))}


def half_lives():
    """Half-lives in years by Z and A, of all that last seconds or longer and are not stable."""
    table = fetch_table("isotopes")
    rows = zip(table["atomic_number"], table["mass_number"], table["half_life"], table["half_life_unit"], strict=True)
    return {(int(z), int(a)): value * YEARS[unit] for z, a, value, unit in rows if unit in YEARS and value > 0.0}


def uranium():
    """Fractions of uranium, which periodictable lists in its text, last of all, but does not hand out."""
    block = periodictable_mass.isotope_abundance.split("\n92\tU\turanium\n")[1]
    words = [line.split() for line in block.strip().splitlines()]
    return {int(row[0]): float(row[1].partition("(")[0]) for row in words}


def rows():
    lives = half_lives()
    for protons in range(1, LAST_PROTON_NUMBER + 1):
        element = periodictable.elements[protons]
        fractions = {a: element[a].abundance / 100 for a in element.isotopes if element[a].abundance}
        if element.symbol == "U":
            assert not fractions, "periodictable has fractions of uranium now: take them"
            fractions = uranium()
        if fractions:
            total = sum(fractions.values())
            assert abs(total - 1) < 1e-9, f"abundances of {element.symbol} add up to {total}"
        own = {a: years for (z, a), years in lives.items() if z == protons}
        lasting = {a for a, years in own.items() if years >= 1.0}
        if not fractions and not lasting:
            lasting = {max(own, key=lambda a: own[a])}
        for a in sorted({*fractions, *lasting}):
            mass_u = element[a].mass
            assert abs(mass_u / a - 1) < 0.01, f"{element.symbol}{a} weighs {mass_u} u"
            yield f"{element.symbol}{a},{protons},{a},{mass_u!r},{round(fractions.get(a, 0.0), 12)!r}"


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    default = Path(__file__).resolve().parents[1] / "nuclides.csv"
    parser.add_argument("--out", type=Path, default=default, help="file to write (default: the packaged one)")
    out = parser.parse_args().out
    assert "AME 2020" in (periodictable_mass.__doc__ or ""), (
        "this version of periodictable has other masses than AME2020"
    )
    table = list(rows())
    header = {
        "title": "Atomic masses and natural abundances of the nuclides of the elements H to U: the natural ones, those "
        "with a half-life of a year or more, and the longest-lived of elements that have neither",
        "source": "masses AME2020 (Chinese Phys. C 45, 030003), abundances CIAAW 2021 (Pb: Pure Appl. Chem. 88, 293), "
        f"both as in the PyPI package periodictable {periodictable.__version__}; the choice by half-lives as in the "
        f"PyPI package mendeleev {version('mendeleev')}",
        "made_by": "data/build/nuclides.py",
        "rows": len(table),
        "atomic_mass_u": "mass of the neutral atom with its electrons, to the digits that its uncertainty allows",
        "abundance": "mole fraction of the natural element, the centre where CIAAW gives a range; 0: not natural",
    }
    lines = [f"# {key}: {value}" for key, value in header.items()]
    out.write_text("\n".join([*lines, COLUMNS, *table]) + "\n", encoding="utf-8")
    print(f"{out.name}: {len(table)} rows")


if __name__ == "__main__":
    main()
