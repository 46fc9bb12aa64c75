"""Packaged nuclear levels: sum rules, published sums of strengths, and measured M1 strengths."""

import functools

import numpy as np

from cevnsjax.target import NuclearLevels, level_table, measured_levels, nuclear_levels
from cevnsjax.validation.published_number import PublishedNumber

_RUN = "BIGSTICK 8.0.0, run for this project: from the vector of the ground state, printed to five digits"
_LIGHT_DM = "github.com/noctildon/lightDM (2e2f904)"
_SUM_RULES = {
    "isovector": {
        "Na23": 6.51803,
        "Si28": 2.00785,
        "Ar40": 1.43938,
        "Ge73": 10.02567,
        "Ge76": 0.47207,
        "I127": 3.91414,
        "Cs133": 4.24009,
    },
    "isoscalar": {"Na23-isoscalar": 6.42693, "Ar40-isoscalar": 1.50922, "I127-isoscalar": 4.51465, "Si28": 1.84681},
}


def _strengths(name: str, kind: str) -> np.ndarray:
    """Squared matrix elements of sum sigma tau_0/2 or of sum sigma/2 of each row, the ground state among them."""
    table = level_table(name)
    sign = {"isovector": -1.0, "isoscalar": 1.0}[kind]
    strengths = (table["proton_spin"] + sign * table["neutron_spin"]) ** 2 / 4.0
    # the Lanczos rows of T = 1 of Si28 carry a little isoscalar noise
    return np.where(table["isospin"] < 0.5, strengths, 0.0) if (name, kind) == ("Si28", "isoscalar") else strengths


def _sum(name: str, kind: str) -> float:
    return float(_strengths(name, kind).sum())


def _commutator(name: str) -> float:
    """Sum over f of (J_i (J_i + 1) + 2 - J_f (J_f + 1)) S_p S_n, in proportion to the commutator of both."""
    table = level_table(name)
    spin = float(table.metadata["ground_state_spin"])
    weight = spin * (spin + 1.0) + 2.0 - table["spin"] * (table["spin"] + 1.0)
    return float((weight * table["proton_spin"] * table["neutron_spin"]).sum())


def _fixed_projection(name: str, projection: float) -> float:
    """Sum over f of |<f M|sum sigma/2^(1/2)|i M>|^2: the 3j factor stands beside the reduced strengths."""
    table = level_table(name)
    spin = float(table.metadata["ground_state_spin"])
    upper = np.maximum(table["spin"], spin)
    same = projection**2 / (spin * (spin + 1.0) * (2.0 * spin + 1.0)) if spin else 0.0
    other = (upper**2 - projection**2) / (upper * (4.0 * upper**2 - 1.0))
    return float((2.0 * np.where(table["spin"] == spin, same, other) * _strengths(name, "isoscalar")).sum())


def _carbon_line() -> NuclearLevels:
    """The level of 12C at 15.11 MeV as pure isovector spin, with its measured B(M1)."""
    level = next(each for each in measured_levels("C12") if each.energy_MeV == 15.11)
    bare = NuclearLevels.isovector("C12", 0, [1], [level.energy_MeV], [1.0])
    return bare.quenched_to_magnetic_dipole(level.values["magnetic_dipole_up_muN2"])


def _rows():
    for kind, tables in _SUM_RULES.items():
        for name, value in tables.items():
            yield PublishedNumber(
                id=f"levels-{kind}-sum-{name.lower().removesuffix('-isoscalar')}",
                source=_RUN,
                convention=f"sum over all rows, ground state included, of M2 of the {kind} sum sigma/2; table {name}",
                published=value,
                tolerance=3e-5,
                unit="1",
                compute=functools.partial(_sum, name, kind),
            )
    for name in ("Li7", "B10", "B11", "C13", "N14", "F19"):
        yield PublishedNumber(
            id=f"levels-commutator-{name.lower()}",
            source="exact: the spins of protons and of neutrons commute",
            convention="sum over all rows of (J_i (J_i + 1) + 2 - J_f (J_f + 1)) S_p S_n; five digits of each",
            published=0.0,
            tolerance=1e-4,
            unit="1",
            compute=functools.partial(_commutator, name),
        )
    for name, projection, value, tolerance, source in (
        ("Na23-isoscalar", 0.5, 1.0608154, 5e-6, "github.com/noctildon/pyBigstick, example Na23, BIGSTICK 7.9.12"),
        ("Ar40-isoscalar", 0.0, 1.0061376, 2e-5, f"{_LIGHT_DM}, bigstick/ar40_s.res"),
        ("Si28", 0.0, 1.23121, 2e-5, f"{_LIGHT_DM}, bigstick/si28_s.res"),
    ):
        yield PublishedNumber(
            id=f"levels-raw-sum-{name.lower().removesuffix('-isoscalar')}",
            source=source,
            convention=f"isoscalar sum sigma/sqrt 2 at fixed M = {projection:g}: 2 (3j)^2 M2 of each row; table {name}",
            published=value,
            tolerance=tolerance,
            unit="1",
            compute=functools.partial(_fixed_projection, name, projection),
        )
    yield PublishedNumber(
        id="levels-c12-magnetic-dipole",
        source="BIGSTICK 8.0.0, run for this project, printed to five digits; measured 2.85",
        convention="B(M1) upwards of 15.11 MeV, PWBP, free g factors, orbital part included",
        published=3.52996,
        tolerance=1e-4,
        unit="mu_N^2",
        compute=lambda: float(nuclear_levels("C12").between(15.0, 15.2).magnetic_dipole_up_muN2[0]),
    )
    yield PublishedNumber(
        id="levels-ar40-magnetic-dipole",
        source="BIGSTICK 8.0.0, run for this project; 0.651 is measured",
        convention="sum of B(M1) upwards from 4 to 13 MeV, SDPF-NR, free g factors, orbital part included",
        published=5.53,
        tolerance=0.005,
        unit="mu_N^2",
        compute=lambda: float(nuclear_levels("Ar40").between(4.0, 13.0).magnetic_dipole_up_muN2.sum()),
    )
    yield PublishedNumber(
        id="levels-c12-strength",
        source=f"B(M1) of ENSDF as in {_LIGHT_DM}, 0.531 W.u. downwards",
        convention="M2 = B(M1) upwards/2.2993^2: pure isovector spin",
        published=2.8523 / 2.2993**2,
        tolerance=5e-5,
        unit="1",
        compute=lambda: float(_carbon_line().isovector_strength[0]),
    )
    yield PublishedNumber(
        id="levels-c12-gamma-width",
        source=f"B(M1) of ENSDF as in {_LIGHT_DM}, 0.531 W.u. downwards",
        convention="M1 width 0.01158 eV E^3 B(M1) in MeV and mu_N^2; the constant is 0.011574 here",
        published=37.98,
        tolerance=0.03,
        unit="eV",
        compute=lambda: 1e6 * float(_carbon_line().gamma_width_MeV[0]),
    )


NUCLEAR_LEVELS = tuple(_rows())
