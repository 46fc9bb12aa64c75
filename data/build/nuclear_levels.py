"""Write the shell-model levels and the published raw strengths of nuclei.

Usage: python data/build/nuclear_levels.py RELEASE_DIR [--out DIR]. RELEASE_DIR holds `computed/` (one file for each run
of the shell-model code BIGSTICK), `levels.csv` (measured levels) and `authors/` (published strengths, re-expressed).
"""

import csv
import math
import re

import p_shell
from writing import release_and_out, write_table

MADE_BY = "data/build/nuclear_levels.py"
BIGSTICK = "BIGSTICK 8.0.0 (C. W. Johnson et al., arXiv:1801.08432), run for this project"
LIGHT_DM = "github.com/noctildon/lightDM (2e2f904)"
PROTON_MOMENT, NEUTRON_MOMENT = 2.79284734, -1.91304273  # CODATA 2018
DIPOLE = 3 / (4 * math.pi)
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

# protons and neutrons in the p shell; measured energies of calculated levels that the runs lack
P_SHELL = {"Li7": (1, 2), "Be8": (2, 2), "B10": (3, 3), "B11": (3, 4), "C12": (4, 4), "C13": (4, 5), "N14": (5, 5)}
MISSING = {"N14": {2.474: 2.3128}}
SHELL_MODEL = "; L_p by an independent exact diagonalisation (data/build/p_shell.py), which meets all other columns"
TRUNCATIONS = {
    "sdpf": "at most 4 excitations, with the weights of sdpfb.sps in github.com/noctildon/Inelastic; positive parity",
    "f5/2 p3/2 p1/2 g9/2": "at most 2 nucleons lifted into g9/2 beyond the minimum",
    "jj55": "at most 2 excitations, d3/2 and s1/2 of weight 1, h11/2 of weight 2",
}
HEAVY = "the spin-orbit partners g9/2 and h9/2 are outside the space: qualitative, not for single levels"
GIANT = "f7/2 and g7/2 are outside the space: the giant resonance is missing"
NOTES = {
    "Be8": "the T = 1 and T = 0 levels measured at 17.64 and 18.15 MeV come out degenerate, assigned by isospin; "
    "isospin mixing is left out; the S of the T = 0 one differ more than tenfold between p-shell interactions",
    "Be8-PWBP": "beside Be8: the spread between interactions",
    "B10": "of the p-shell interactions P10T, PWBP and pkuo only P10T gives the 3+ ground state",
    "C12": "B(M1) of 15.11 MeV is measured as 2.85 mu_N^2, 0.81 of the calculated one",
    "C12-pkuo": "beside C12: the spread between interactions; the 1+ T = 0 level is 1.7 MeV too low",
    "N14": "the two rows of J_f = 0 are not of the BIGSTICK run, which has states of M = 1 only, but of the other code",
    "Si28": "the isoscalar sum of the rows of T = 1 is noise; that of the rows of T = 0 meets the rule",
    "Ar40": "no level is assigned to a measured one",
    "Ar40-isoscalar": "no level is assigned to a measured one",
    "Ge73": GIANT,
    "Ge76": GIANT,
    "I127": f"{HEAVY}; the lowest 7/2+ has 30 times the measured B(M1)",
    "I127-isoscalar": f"{HEAVY}; the lowest 7/2+ has 30 times the measured B(M1)",
    "Cs133": f"{HEAVY}; energies count from the lowest 7/2+, and the model has a 5/2+ below it",
}


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


def orbital(row, text, spin):
    """L_p of a row: the smaller root of B(M1); for the ground state the one of the printed expectation value."""
    proton, neutron = float(row["S_p"]), float(row["S_n"])
    moment = math.sqrt(float(row["BM1_up_muN2"]) * (2 * spin + 1) * 4 * math.pi / 3)
    roots = [sign * moment - PROTON_MOMENT * proton - NEUTRON_MOMENT * neutron for sign in (1, -1)]
    if "ground state" not in row["note"]:
        return min(roots, key=abs)
    sign = math.copysign(1.0, proton * reduced(text, "S_p", spin))  # the sign of a row is arbitrary
    printed = sign * reduced(text, "L_p", spin)
    chosen = min(roots, key=lambda root: abs(root - printed))
    assert abs(chosen - printed) < 1e-3, (chosen, printed)
    return chosen


def with_orbital(rows, nuclide, interaction, spin):
    """Rows of the p shell with L_p of an exact diagonalisation, which must meet all else, and the rows they lack."""
    protons, neutrons = P_SHELL[nuclide]
    exact = p_shell.levels(interaction, protons, neutrons, spin)
    result = []
    for row in rows:
        near = min(exact, key=lambda state: abs(state[0] - row[0]) + abs(state[1] - row[3]) + abs(state[2] - row[4]))
        sign = math.copysign(1.0, near[3] * row[5] + near[4] * row[6])
        moment = near[5] + PROTON_MOMENT * near[3] + NEUTRON_MOMENT * near[4]
        assert near[1] == row[3], (row, near)
        assert max(abs(near[0] - row[0]), abs(sign * near[3] - row[5]), abs(sign * near[4] - row[6])) < 2e-5, (
            row,
            near,
        )
        assert abs(DIPOLE * moment**2 / (2 * spin + 1) - row[8]) < 1.1e-5 + 3e-5 * row[8], (row, near)
        result.append((*row[:7], round(sign * near[5], 5), *row[8:]))
    for energy, final, isospin, proton, neutron, orbital_proton, _ in exact:
        if final not in {row[3] for row in rows} and abs(proton) > 1e-5:
            moment = orbital_proton + PROTON_MOMENT * proton + NEUTRON_MOMENT * neutron
            numbers = (final, isospin, proton, neutron, orbital_proton, DIPOLE * moment**2 / (2 * spin + 1), 0.0)
            measured = MISSING[nuclide].get(round(energy, 3), energy)
            result.append((energy, measured, float(measured != energy), *numbers))
    return sorted(tuple(round(number, 5) for number in row) for row in result)


def assigned(row):
    """Whether the measured level of a row has its spin."""
    spin = re.search(r"(\d+)(/2)?[+-]", row["note"]) if row["Ex_adj_MeV"] else None
    return spin is not None and int(row["twoJf"]) == int(spin[1]) * (1 if spin[2] else 2)


def level_rows(text, spin):
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
            round(orbital(row, text, spin), 5),
            float(row["BM1_up_muN2"]),
            0.0 if row["residual_MeV"] == "exact" else float(row["residual_MeV"]),
        )


def total(rows, sign):
    return sum((row[5] + sign * row[6]) ** 2 for row in rows) / 4


def totals(rows):
    return {f"{kind}_sum": f"{total(rows, sign):.5f}" for kind, sign in (("isovector", -1), ("isoscalar", 1))}


def sum_rules(text, rows):
    """The sum rules that are stated; sums over the rows are held against the printed ones."""
    printed = found(r"# sum of the rows: (.*)", text)
    exact = re.search(r"exact from the ground-state vector: (.*)", text)
    for kind, letters, sign in (("isovector", "iv", -1), ("isoscalar", "is", 1)):
        rounding = 5e-6 * sum(abs(row[5] + sign * row[6]) for row in rows)
        assert abs(total(rows, sign) - float(found(rf"M2_{letters} ([\d.]+)", printed))) < 6e-6 + rounding
        rule = exact and re.search(rf"M2_{letters} ([\d.]+)", exact[1])
        if rule:
            yield f"{kind}_sum_rule", rule[1]


def write_levels(path, out):
    text = path.read_text(encoding="utf-8")
    stem = nuclide_name(path.stem.replace("_isoscalar_start", "-isoscalar").replace("_", "-"))
    nuclide = stem.split("-")[0]
    spin, isospin = int(found(r"2J_i: (\d+)", text)) / 2, float(found(r"T_i: ([\d.]+)", text))
    interaction = found(r"# interaction: ([\w-]+)", text)
    rows = list(level_rows(text, spin))
    rules = dict(sum_rules(text, rows))
    if nuclide in P_SHELL:
        rows = with_orbital(rows, nuclide, interaction, spin)
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
    ] + [f"{energy} MeV" for energy in MISSING.get(nuclide, {}).values()]
    header = {
        "title": f"Levels of {nuclide} with spin matrix elements from the ground state",
        "source": BIGSTICK + SHELL_MODEL * (nuclide in P_SHELL),
        "nuclide": nuclide,
        "ground_state_spin": f"{spin:g}",
        "isospin": f"{isospin:g}",
        "interaction": interaction,
        "mass_scaling": scaling[1] if scaling else "none",
        "model_space": space,
        "truncation": TRUNCATIONS.get(space, "none"),
        "method": "exact"
        if exact
        else f"Lanczos, {iterations} iterations for each J_f from {start} on the ground state",
        **totals(rows),
        **rules,
        "matrix_elements": "S_p = <J_f||sum sigma of protons||J_i>, S_n of neutrons, L_p of sum l of protons; reduced "
        "in J as by Edmonds; bare, without g_A or quenching; one common sign for each row is arbitrary",
        "proton_orbital": "calculated"
        if nuclide in P_SHELL
        else "from B(M1) with free g factors, which has two roots: the smaller in size but for the ground state, "
        "a guess (right for 85 % of the rows and 99 % of B(M1) in the p shell)",
        "assigned_levels": "; ".join(measured) or "none",
        "note": NOTES.get(stem, "none"),
    }
    write_table(out / f"{stem}.csv", header, COLUMNS, rows, MADE_BY)
    return stem


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
        "raw_strength": "|<f M|O|i M>|^2 at fixed M, no 3j factor taken out; the file does not state J_f or O; O is "
        "the isoscalar sum sigma/sqrt 2, " + ("verified by its sum" if "verified here" in text else "inferred"),
        "strength_sum": f"{total:g}",
    }
    write_table(out / f"{nuclide_name(name)}.csv", header, ["excitation_energy_MeV", "raw_strength"], rows, MADE_BY)


def main():
    release, out = release_and_out(__doc__, "nuclear")
    for folder in ("levels", "raw_strengths"):
        (out / folder).mkdir(exist_ok=True)
    for path in sorted((release / "computed").glob("*.csv")):
        write_levels(path, out / "levels")
    for name in ("40Ar", "133Cs", "127I"):
        write_raw(release, out / "raw_strengths", name)


if __name__ == "__main__":
    main()
