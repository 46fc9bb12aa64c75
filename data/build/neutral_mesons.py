"""Make data/dark_matter/pi0_*.csv: neutral pions of proton beams, how many of each energy and at which angles.

The argument is a folder with `Pi0_Info_COHERENT.txt` and `Pi0_Info_CCM.txt` of github.com/noctildon/lightDM: simulated
pions with their angle to the beam and momenta, of 1e5 protons each. Steps of rapidity hold those pions as a number, a
mean energy, and the moments of Legendre polynomials of their angles, from which averages over pions follow to 1e-3 at
any angle of a detector.
"""

import numpy as np
from writing import release_and_out, write_table

from cevnsjax.constants import NEUTRAL_PION_MASS_MEV
from cevnsjax.flux import MesonCells

MADE_BY = "data/build/neutral_mesons.py"
PROTONS = 100_000
BEAMS = {
    "sns": ("COHERENT", "protons of 1 GeV on mercury (Spallation Neutron Source)"),
    "lujan": ("CCM", "protons of 0.8 GeV on tungsten (Lujan target)"),
}


def pions(path):
    """Kinetic energies, MeV, and cosines of the angle to the beam, which runs along -z."""
    table = np.loadtxt(path)
    momentum = table[:, 1:4]
    size = np.linalg.norm(momentum, axis=1)
    cosine = -momentum[:, 2] / size
    np.testing.assert_allclose(cosine, np.cos(np.deg2rad(table[:, 0])), atol=1e-4)
    # energies of the file are of a pion of 135 MeV
    return np.hypot(size, NEUTRAL_PION_MASS_MEV) - NEUTRAL_PION_MASS_MEV, cosine


def main():
    release, out = release_and_out(__doc__, "dark_matter")
    for name, (of, beam) in BEAMS.items():
        kinetic, cosine = pions(release / f"Pi0_Info_{of}.txt")
        cells = MesonCells.from_sample(kinetic, cosine, PROTONS, NEUTRAL_PION_MASS_MEV)
        header = {
            "title": f"Neutral pions of {beam}: how many of each energy, and moments of their angles",
            "source": f"simulation in github.com/noctildon/lightDM, Experiments, Pi0_Info_{of}.txt: {len(kinetic)} "
            f"pions of {PROTONS} protons",
            "energies": "equal steps of rapidity, each at the mean rapidity of its pions",
            "moments": "mean of each Legendre polynomial of the cosine of the angle to the direction of the beam",
        }
        moments = np.asarray(cells.angular_moments)[:, 1:]
        columns = [
            "kinetic_energy_MeV",
            "mesons_per_proton",
            *(f"legendre_{degree + 1}" for degree in range(moments.shape[1])),
        ]
        rows = np.column_stack([cells.kinetic_energy_MeV, cells.mesons_per_proton, moments])
        write_table(out / f"pi0_{name}.csv", header, columns, rows.tolist(), MADE_BY, digits=6)


if __name__ == "__main__":
    main()
