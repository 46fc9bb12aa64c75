"""Write data/nuclear_spins.csv: spins of odd nuclear ground states from shell-model tables.

Usage: python data/build/nuclear_spins.py TABLES_DIR [--out FILE]. TABLES_DIR holds one CSV file for each nucleus, made
with the shell-model code BIGSTICK, with reduced matrix elements S_p and S_n of the summed Pauli matrices.
"""

import argparse
import math
import re
from pathlib import Path

NUCLEI = ("Li7", "B10", "B11", "C13", "N14", "F19", "Na23", "Ge73", "I127", "Cs133")
COLUMNS = "name,angular_momentum,proton_spin,neutron_spin"


def expectation(reduced: float, angular_momentum: float) -> float:
    """<J M=J| sum sigma_z/2 |J M=J> from the Edmonds-reduced element of sum sigma."""
    j = angular_momentum
    return 0.5 * reduced * math.sqrt(j / ((j + 1) * (2 * j + 1)))


def ground_state(text: str) -> tuple[float, float, float]:
    """J and the two spins, checked against the header, which has them to four digits (the row's sign is arbitrary)."""
    row = next(line.split(",") for line in text.splitlines() if "ground state (diagonal element" in line)
    j = int(row[2]) / 2
    proton, neutron = (expectation(float(row[index]), j) for index in (4, 5))
    found = re.search(r"ground state: <S_p>=(\S+) <S_n>=(\S+)", text)
    assert found, "the header has no ground state"
    header = [float(value) for value in found.groups()]
    sign = math.copysign(1.0, (proton + neutron) * sum(header))
    assert all(abs(sign * a - b) < 1e-4 for a, b in zip((proton, neutron), header, strict=True)), header
    return j, sign * proton, sign * neutron


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("tables", type=Path, help="folder with the shell-model tables")
    default = Path(__file__).resolve().parents[1] / "nuclear_spins.csv"
    parser.add_argument("--out", type=Path, default=default, help="file to write (default: the packaged one)")
    arguments = parser.parse_args()
    rows, spaces = [], []
    for name in NUCLEI:
        symbol, mass = re.fullmatch(r"([A-Z][a-z]?)(\d+)", name).groups()  # pyright: ignore[reportOptionalMemberAccess]
        text = (arguments.tables / f"{mass}{symbol}.csv").read_text(encoding="utf-8")
        j, proton, neutron = ground_state(text)
        rows.append(f"{name},{j},{proton:.5f},{neutron:.5f}")
        interaction = re.search(r"# interaction: (\w+)", text)
        spaces.append(f"{name} {interaction.group(1)}")  # pyright: ignore[reportOptionalMemberAccess]
    header = {
        "title": "Spin expectation values of nuclear ground states of odd or odd-odd nuclides",
        "source": "shell model, BIGSTICK 8 (C. W. Johnson et al., arXiv:1801.08432); interactions: "
        + ", ".join(spaces),
        "made_by": "data/build/nuclear_spins.py",
        "rows": len(rows),
        "angular_momentum": "J of the ground state",
        "proton_spin": "<J M=J| summed spin of the protons, z component |J M=J>, bare operator; neutron_spin likewise",
        "caution": "Ge73, I127 and Cs133 are truncated spaces without spin-orbit partners: good to some 10 % at best",
    }
    lines = [f"# {key}: {value}" for key, value in header.items()]
    arguments.out.write_text("\n".join([*lines, COLUMNS, *rows]) + "\n", encoding="utf-8")
    print(f"{arguments.out.name}: {len(rows)} rows")


if __name__ == "__main__":
    main()
