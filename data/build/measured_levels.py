"""Write the measured levels of nuclei.

Usage: python data/build/measured_levels.py RELEASE_DIR [--out DIR]. RELEASE_DIR holds `levels.csv`.
"""

import math
import re

from nuclear_levels import LIGHT_DM, found, nuclide_name, rows_of
from writing import release_and_out, write_table

MADE_BY = "data/build/measured_levels.py"
WEISSKOPF_MUN2 = 45 / (8 * math.pi)  # M1

# Read beside the levels: nuclide, energy in MeV, spin and parity, transition, quantities, source, status
PHOTONS = "TEXONO (Phys. Rev. D 75 052004): photons of this energy per fission in a power reactor"
SCALES = f"{LIGHT_DM} in exp_config.py"
FURTHER = (
    ("Li7", 0.47761, "1/2-", "M1", {"photons_per_fission": 0.28}, PHOTONS, "recalled"),
    ("H2", 2.22457, "none", "M1", {"photons_per_fission": 0.25}, PHOTONS, "recalled"),
    ("Si28", 11.446, "1+ T=1", "M1", {"magnetic_dipole_up_muN2": 4.4}, "literature", "recalled"),
    ("C12", 17.23, "1- T=1", "E1", {"total_width_eV": 1.15e6}, "literature", "recalled"),
    ("C12", 17.23, "1- T=1", "E1", {"electric_dipole_down_Wu": 0.024}, "", "checked"),
)
SUMS = (
    ("Ar40", 4.0, 13.0, 0.651, f"W. Tornow et al. (Phys. Lett. B 137576) as in {SCALES}"),
    ("O16", 16.0, 28.0, 1.3636, f"a calculation as in {SCALES}"),
    ("Fe54", 0.0, 10.6, 1.59, SCALES),
    ("Xe132", 2.38, 3.90, 0.658, SCALES),
    ("Xe134", 2.37, 3.94, 0.491, SCALES),
)
GROUND_STATES = {"C12": 0, "Ar40": 0, "Na23": 1.5, "I127": 2.5, "Cs133": 3.5, "N14": 1}


def level_quantities(row):
    """Numbers of a measured level: its energy, B(M1) in full digits of the measured one, widths."""
    yield "excitation_energy_MeV", float(row["Ex_MeV"])
    if row["BM1_wu"] and row["BM1_up_muN2"]:
        initial = GROUND_STATES[nuclide_name(row["nucleus"])]
        weight = (2 * spin_of(row["Jpi"]) + 1) / (2 * initial + 1)
        down = float(row["BM1_wu"]) * WEISSKOPF_MUN2
        assert abs(down - float(row["BM1_down_muN2"])) < 6e-5, row
        assert abs(down * weight - float(row["BM1_up_muN2"])) < 6e-5, row
        yield "magnetic_dipole_down_Wu", float(row["BM1_wu"])
        yield "magnetic_dipole_down_muN2", float(f"{down:.6g}")
        yield "magnetic_dipole_up_muN2", float(f"{down * weight:.6g}")
    for column, quantity in (("Gamma_gamma0_eV", "gamma_width_eV"), ("Gamma_tot_eV", "total_width_eV")):
        if row[column] and "recalled" not in row[column]:
            yield quantity, float(row[column])


def spin_of(text):
    numerator, _, denominator = found(r"^(\d+(?:/2)?)", text).partition("/")
    return int(numerator) / int(denominator or 1)


def measured_rows(release):
    text = (release / "levels.csv").read_text(encoding="utf-8")
    for row in rows_of(text):
        if "-" in row["Ex_MeV"]:
            continue  # a window: among SUMS
        nuclide = nuclide_name(row["nucleus"])
        file = re.search(r"exp data/(\S+)", row["source"])
        source = f"ENSDF as in {LIGHT_DM} in bigstick/exp data/{file[1]}" if file else "literature"
        status = "checked" if file else "recalled"
        transition = found(r"^\(?([EM]\d(?:\+E2)?|forbidden)", row["transition"] or "M1")
        spin_parity = row["Jpi"] if re.match(r"\d", row["Jpi"]) else "none"
        for quantity, value in level_quantities(row):
            yield nuclide, float(row["Ex_MeV"]), spin_parity, transition, quantity, value, source, status


def write_measured(release, out):
    levels: list[tuple] = list(measured_rows(release))
    for nuclide, energy, spin_parity, transition, quantities, source, status in FURTHER:
        same = next(row[6] for row in levels if row[:2] == (nuclide, energy))
        for quantity, value in quantities.items():
            levels.append((nuclide, energy, spin_parity, transition, quantity, value, source or same, status))
    order = {nuclide: index for index, nuclide in enumerate(dict.fromkeys(row[0] for row in levels))}
    levels.sort(key=lambda row: (order[row[0]], row[1]))
    for nuclide, low, high, total, source in SUMS:
        for quantity, value in (("magnetic_dipole_sum_up_muN2", total), ("highest_energy_MeV", high)):
            levels.append((nuclide, low, "1+", "M1 sum", quantity, value, source, "checked"))
    header = {
        "title": "Measured levels of nuclei: energies, M1 strengths to and from the ground state, widths",
        "source": f"ENSDF as in {LIGHT_DM}, and literature; in each row",
        "quantities": "excitation_energy_MeV for each level, and what is known; up and down in mu_N^2 follow from down "
        "in Weisskopf units (45/(8 pi) mu_N^2), the gamma width from 0.01158 eV E^3 B(M1) down unless it is recalled; "
        "magnetic_dipole_sum_up_muN2 is a sum from energy_MeV to highest_energy_MeV",
        "status": "checked: in the source named; recalled: from memory of the literature, not checked",
    }
    columns = ["nuclide", "energy_MeV", "spin_parity", "transition", "quantity", "value", "source", "status"]
    write_table(out / "measured_levels.csv", header, columns, levels, MADE_BY)


if __name__ == "__main__":
    write_measured(*release_and_out(__doc__, "nuclear"))
