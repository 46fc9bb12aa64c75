"""Write data/nuclides.csv: AME2020 atomic masses and natural abundances of the isotopes of H to Bi.

Usage: python data/build/nuclides.py [--out FILE]. Needs the PyPI package periodictable (2.1.0 or later).
"""

import argparse
from pathlib import Path

import periodictable  # pyright: ignore[reportMissingImports]
from periodictable import mass as periodictable_mass  # pyright: ignore[reportMissingImports]

COLUMNS = "name,proton_number,mass_number,atomic_mass_u,abundance"


def rows():
    for protons in range(1, 84):
        element = periodictable.elements[protons]
        natural = [(a, element[a].mass, element[a].abundance / 100) for a in element.isotopes if element[a].abundance]
        if natural:  # Tc and Pm have no natural isotope
            total = sum(fraction for _, _, fraction in natural)
            assert abs(total - 1) < 1e-9, f"abundances of {element.symbol} add up to {total}"
        for a, mass_u, fraction in natural:
            assert abs(mass_u / a - 1) < 0.01, f"{element.symbol}{a} weighs {mass_u} u"
            yield f"{element.symbol}{a},{protons},{a},{mass_u!r},{round(fraction, 12)!r}"


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
        "title": "Atomic masses and natural abundances of the natural isotopes of the elements H to Bi",
        "source": "masses AME2020 (Chinese Phys. C 45, 030003), abundances CIAAW 2021 (Pb: Pure Appl. Chem. 88, 293), "
        f"both as in the PyPI package periodictable {periodictable.__version__}",
        "made_by": "data/build/nuclides.py",
        "rows": len(table),
        "atomic_mass_u": "mass of the neutral atom with its electrons, to the digits that its uncertainty allows",
        "abundance": "mole fraction of the natural element, the centre where CIAAW gives a range",
    }
    lines = [f"# {key}: {value}" for key, value in header.items()]
    out.write_text("\n".join([*lines, COLUMNS, *table]) + "\n", encoding="utf-8")
    print(f"{out.name}: {len(table)} rows")


if __name__ == "__main__":
    main()
