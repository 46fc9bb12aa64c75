"""Write the shell-model levels, the measured levels and the published raw strengths of nuclei.

Usage: python data/build/nuclear_levels.py RELEASE_DIR [--out DIR]. RELEASE_DIR holds `computed/` (one file for each run
of the shell-model code BIGSTICK), `levels.csv` (measured levels) and `authors/` (published strengths, re-expressed).
"""

import csv
import math
import re

from writing import release_and_out, write_table

MADE_BY = "data/build/nuclear_levels.py"
BIGSTICK = "BIGSTICK 8.0.0 (C. W. Johnson et al., arXiv:1801.08432), run for this project"
LIGHT_DM = "github.com/noctildon/lightDM (2e2f904)"
PROTON_MOMENT, NEUTRON_MOMENT = 5.5857 / 2, -3.8261 / 2  # as the runs have them
COLUMNS = [
    "excitation_energy_MeV",
    "measured_energy_MeV",
    "assigned",
    "spin",
    "isospin",
    "proton_spin",
    "neutron_spin",
    "proton_orbital",
    "magnetic_dipole_up_muN2",
    "residual_MeV",
]
WEISSKOPF_MUN2 = 45 / (8 * math.pi)  # M1

TRUNCATIONS = {
    "sdpf": "at most 4 excitations, with the weights of sdpfb.sps in github.com/noctildon/Inelastic; positive parity",
    "f5/2 p3/2 p1/2 g9/2": "at most 2 nucleons lifted into g9/2 beyond the minimum",
    "jj55": "at most 2 excitations, d3/2 and s1/2 of weight 1, h11/2 of weight 2",
}
HEAVY = "the spin-orbit partners g9/2 and h9/2 are outside the space: qualitative, not for single levels"
GIANT = "f7/2 and g7/2 are outside the space: the giant resonance is missing"
NOTES = {
    "Be8": "the T = 1 and T = 0 levels measured at 17.64 and 18.15 MeV come out degenerate and are assigned by isospin; "
    "isospin mixing is left out; the S of the T = 0 one differ more than tenfold between p-shell interactions",
    "Be8-PWBP": "beside Be8: the spread between interactions",
    "B10": "of the p-shell interactions P10T, PWBP and pkuo only P10T gives the 3+ ground state",
    "C12": "B(M1) of 15.11 MeV is measured as 2.85 mu_N^2, 0.81 of the calculated one",
    "C12-pkuo": "beside C12: the spread between interactions; the 1+ T = 0 level is 1.7 MeV too low",
    "N14": "states of M = 1, so J_f = 0 is missing, the levels at 2.313 and 8.618 MeV among them: S_p and S_n of protons "
    "and neutrons commute only with a further isovector sum of 0.0800",
    "Si28": "the Lanczos rows of T = 1 carry an isoscalar sum of 0.00093 that is noise; those of T = 0 alone meet the rule",
    "Ar40": "no level is assigned to a measured one",
    "Ar40-isoscalar": "no level is assigned to a measured one",
    "Ge73": GIANT,
    "Ge76": GIANT,
    "I127": f"{HEAVY}; the lowest 7/2+ has 30 times the measured B(M1)",
    "I127-isoscalar": f"{HEAVY}; the lowest 7/2+ has 30 times the measured B(M1)",
    "Cs133": f"{HEAVY}; energies count from the lowest 7/2+, and the model has a 5/2+ below it",
}

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


def found(pattern, text):
    """Return the only group of a pattern that must be there."""
    match = re.search(pattern, text)
    assert match, pattern
    return match.group(1)


def nuclide_name(text):
    """'40Ar' to 'Ar40'."""
    return re.sub(r"^(\d+)([A-Z][a-z]?)", r"\2\1", text)


def rows_of(text):
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def reduced(text, quantity, spin):
    """Edmonds-reduced ground-state element of a printed expectation value in M = J."""
    return float(found(rf"<{quantity}>=(\S+)", text)) * math.sqrt((spin + 1) * (2 * spin + 1) / spin)


def orbital(row, text, spin, isospin):
    """L_p of a row: the root of B(M1) of smaller size; for the ground state the one of the printed expectation value."""
    proton, neutron = float(row["S_p"]), float(row["S_n"])
    dipole = float(row["BM1_up_muN2"])
    moment = math.sqrt(dipole * (2 * spin + 1) * 4 * math.pi / 3)
    roots = [sign * moment - PROTON_MOMENT * proton - NEUTRON_MOMENT * neutron for sign in (1, -1)]
    if "ground state" in row["note"]:
        sign = math.copysign(1.0, proton * reduced(text, "S_p", spin))  # the sign of a row is arbitrary
        printed = sign * reduced(text, "L_p", spin)
        chosen = min(roots, key=lambda root: abs(root - printed))
        assert abs(chosen - printed) < 1e-3, (chosen, printed)
        return chosen
    chosen = min(roots, key=abs)
    if isospin == 0 and float(row["Tf_mean"]) == 0:
        # J = L + S has no elements between states, and the halves of protons and neutrons are the same for T = 0
        rounding = 1.2e-5 * (2 * spin + 1) * 4 * math.pi / 3
        conserved = -(proton + neutron) / 4
        spread = abs(proton - neutron) * (PROTON_MOMENT - NEUTRON_MOMENT) / 2  # Lanczos rows mix T a little
        assert abs(chosen - conserved) < min(math.sqrt(rounding), rounding / max(moment, 1e-9)) + spread, row
    return chosen


def assigned(row):
    """Whether the measured level of a row has its spin."""
    measured = re.search(r"(\d+)(/2)?[+-]", row["note"])
    return bool(row["Ex_adj_MeV"] and measured) and int(row["twoJf"]) == int(measured[1]) * (1 if measured[2] else 2)


def level_rows(text, spin, isospin):
    for row in rows_of(text):
        calculated = float(row["Ex_MeV"]) * ("ground state" not in row["note"])  # 14N is printed as 0.00001
        yield (
            calculated,
            float(row["Ex_adj_MeV"]) if assigned(row) else calculated,
            float(assigned(row)),
            int(row["twoJf"]) / 2,
            float(row["Tf_mean"]),
            float(row["S_p"]),
            float(row["S_n"]),
            round(orbital(row, text, spin, isospin), 5),
            float(row["BM1_up_muN2"]),
            0.0 if row["residual_MeV"] == "exact" else float(row["residual_MeV"]),
        )


def sums(text, rows):
    """Return the sums over all rows, held against the printed ones, and the sum rules where they are stated."""
    printed = found(r"# sum of the rows: (.*)", text)
    exact = re.search(r"exact from the ground-state vector: (.*)", text)
    for kind, letters, sign in (("isovector", "iv", -1), ("isoscalar", "is", 1)):
        total = sum((row[5] + sign * row[6]) ** 2 for row in rows) / 4
        # S are printed to 5e-6
        rounding = 5e-6 * sum(abs(row[5] + sign * row[6]) for row in rows)
        assert abs(total - float(found(rf"M2_{letters} ([\d.]+)", printed))) < 6e-6 + rounding, (kind, total)
        yield f"{kind}_sum", f"{total:.5f}"
        rule = exact and re.search(rf"M2_{letters} ([\d.]+)", exact[1])
        if rule:
            yield f"{kind}_sum_rule", rule[1]


def write_levels(path, out):
    text = path.read_text(encoding="utf-8")
    stem = nuclide_name(path.stem.replace("_isoscalar_start", "-isoscalar").replace("_", "-"))
    nuclide = stem.split("-")[0]
    spin, isospin = int(found(r"2J_i: (\d+)", text)) / 2, float(found(r"T_i: ([\d.]+)", text))
    rows = list(level_rows(text, spin, isospin))
    space = found(r"# model space: (.*?),? (?:full|truncated)", text)
    scaling = re.search(r"TBME x (\S+)", text)
    exact = "exact diagonalisation" in found(r"# rows: (.*)", text)
    iterations = None if exact else found(r"(\d+) Lanczos iterations", text)
    start = (
        "sum sigma" if "isoscalar" in stem else "sum sigma tau_0" + " (T = 1) and sum sigma (T = 0)" * (stem == "Si28")
    )
    measured = [
        f"{row['Ex_adj_MeV']} MeV" + " (recalled)" * ("recalled" in row["note"])
        for row in rows_of(text)
        if assigned(row)
    ]
    header = {
        "title": f"Levels of {nuclide} with spin matrix elements from the ground state",
        "source": BIGSTICK,
        "nuclide": nuclide,
        "ground_state_spin": f"{spin:g}",
        "isospin": f"{isospin:g}",
        "interaction": found(r"# interaction: ([\w-]+)", text),
        "mass_scaling": scaling[1] if scaling else "none",
        "model_space": space,
        "truncation": "none" if space not in TRUNCATIONS else TRUNCATIONS[space],
        "method": "exact"
        if exact
        else f"Lanczos, {iterations} iterations for each J_f from {start} on the ground state",
        **dict(sums(text, rows)),
        "matrix_elements": "S_p = <J_f||sum sigma of protons||J_i>, S_n of neutrons, L_p of sum l of protons; reduced in J "
        "as by Edmonds; bare, without g_A or quenching; one common sign for each row is arbitrary",
        "proton_orbital": "from B(M1) with free g factors, which has two roots: the smaller in size, a guess but for the "
        "ground state and T = 0 to T = 0",
        "assigned_levels": "; ".join(measured) or "none",
        "note": NOTES.get(stem, "none"),
    }
    write_table(out / f"{stem}.csv", header, COLUMNS, rows, MADE_BY)
    return stem


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
    levels = list(measured_rows(release))
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
        "quantities": "excitation_energy_MeV for each level, and what is known; up and down in mu_N^2 follow from down in "
        "Weisskopf units (45/(8 pi) mu_N^2), the gamma width from 0.01158 eV E^3 B(M1) down where it is not recalled; "
        "magnetic_dipole_sum_up_muN2 is a sum from energy_MeV to highest_energy_MeV",
        "status": "checked: in the source named; recalled: from memory of the literature, not checked",
    }
    columns = ["nuclide", "energy_MeV", "spin_parity", "transition", "quantity", "value", "source", "status"]
    write_table(out / "measured_levels.csv", header, columns, levels, MADE_BY)


def write_raw(release, out, name):
    text = (release / "authors" / f"{name}.csv").read_text(encoding="utf-8")
    rows = [(float(row["Ex_MeV"]), float(row["S_raw"])) for row in rows_of(text)]
    spin, total = float(found(r"J_i=([\d.]+)", text)), float(found(r"sum S_raw = ([\d.]+)", text))
    assert abs(sum(row[1] for row in rows) - total) < 6e-6
    file = found(r"bigstick/(\S+)", text)
    header = {
        "title": f"Published raw spin strengths of {nuclide_name(name)}",
        "source": f"{LIGHT_DM}, bigstick/{file}; rows of strength zero are left out",
        "nuclide": nuclide_name(name),
        "ground_state_spin": f"{spin:g}",
        "raw_strength": "|<f M|O|i M>|^2 at fixed M, no 3j factor taken out; the file does not state J_f or O; O is the "
        "isoscalar sum sigma/sqrt 2, " + ("verified by its sum" if "verified here" in text else "inferred"),
        "strength_sum": f"{total:g}",
    }
    write_table(out / f"{nuclide_name(name)}.csv", header, ["excitation_energy_MeV", "raw_strength"], rows, MADE_BY)


def main():
    release, out = release_and_out(__doc__, "nuclear")
    for folder in ("levels", "raw_strengths"):
        (out / folder).mkdir(exist_ok=True)
    for path in sorted((release / "computed").glob("*.csv")):
        write_levels(path, out / "levels")
    write_measured(release, out)
    for name in ("40Ar", "133Cs", "127I"):
        write_raw(release, out / "raw_strengths", name)


if __name__ == "__main__":
    main()
