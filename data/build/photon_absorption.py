"""Collect the total cross sections of photons on elements, and write data/photon_absorption.csv.

The argument is a folder with the tables of NIST's XCOM that github.com/athompson-git/alplib (MIT) holds in
`data/photon_absorption`: energies in MeV, and barn per atom with coherent scattering, after three lines of heads. What
is written is that from 150 keV to 1 GeV, above all absorption edges.
"""

import numpy as np
from writing import release_and_out, write_table

MADE_BY = "data/build/photon_absorption.py"
ELEMENTS = {"H": 1, "Be": 4, "C": 6, "Al": 13, "Si": 14, "Ar": 18, "Fe": 26, "Ge": 32, "W": 74, "Hg": 80, "Th": 90}
LOWEST_MEV, HIGHEST_MEV = 0.15, 1000.0


def main():
    release, out = release_and_out(__doc__, "")
    columns = {}
    for element in ELEMENTS:
        energy, barn = np.loadtxt(release / f"photon_abs_{element}.txt", skiprows=3, unpack=True)
        inside = (energy >= LOWEST_MEV) & (energy <= HIGHEST_MEV)
        columns.setdefault("energy_MeV", energy[inside])
        np.testing.assert_array_equal(columns["energy_MeV"], energy[inside])
        columns[f"{element}_barn"] = barn[inside]
    header = {
        "title": "Total cross sections of photons on elements, coherent scattering included",
        "source": "NIST XCOM (Berger et al., NBSIR 87-3597; public domain), as github.com/athompson-git/alplib (MIT) "
        "holds it in data/photon_absorption",
    }
    write_table(out / "photon_absorption.csv", header, tuple(columns), np.transpose(list(columns.values())), MADE_BY)


if __name__ == "__main__":
    main()
