"""The grammar of formulas: counts by hand, what is refused, and what must hold for any formula."""

import itertools

import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.target import compound
from cevnsjax.target.formula import nuclei_in_formula
from cevnsjax.target.nuclide import nuclide_table

TABLE = nuclide_table()
MASS_U = dict(zip(TABLE["name"].tolist(), TABLE["atomic_mass_u"].tolist(), strict=True))
ABUNDANCE = dict(zip(TABLE["name"].tolist(), TABLE["abundance"].tolist(), strict=True))


def symbol_of(name):
    return name.rstrip("0123456789")


def atoms(formula):
    """Atoms of each element."""
    found: dict[str, float] = {}
    for name, count in nuclei_in_formula(formula).items():
        found[symbol_of(name)] = found.get(symbol_of(name), 0.0) + count
    return found


# What each text means, written out by hand.
ATOMS = {
    "Ge": {"Ge": 1},
    "CsI": {"Cs": 1, "I": 1},
    "C3F8": {"C": 3, "F": 8},
    "CO2": {"C": 1, "O": 2},
    "Co": {"Co": 1},
    "Bi4(GeO4)3": {"Bi": 4, "Ge": 3, "O": 12},
    "Ca(Mg(O2H)2)3": {"Ca": 1, "Mg": 3, "O": 12, "H": 6},
    "((Ca)2(WO4)2)3": {"Ca": 6, "W": 6, "O": 24},
    "CuSO4(H2O)5": {"Cu": 1, "S": 1, "O": 9, "H": 10},
    "C12H26": {"C": 12, "H": 26},
    "C13H28": {"C": 13, "H": 28},
    "Cd0.9Zn0.1Te": {"Cd": 0.9, "Zn": 0.1, "Te": 1},
    "CsI(Tl)0.001": {"Cs": 1, "I": 1, "Tl": 0.001},
    "NaI(Tl)1e-3": {"Na": 1, "I": 1, "Tl": 0.001},
    "CsINa0.0002": {"Cs": 1, "I": 1, "Na": 0.0002},
    "(Ge)76": {"Ge": 76},
    "(Ge)76O2": {"Ge": 76, "O": 2},
    "H2(O)18": {"H": 2, "O": 18},
    "UO2": {"U": 1, "O": 2},
}


@pytest.mark.parametrize("formula", ATOMS)
def test_atoms(formula):
    assert atoms(formula) == pytest.approx(ATOMS[formula], rel=1e-12)
    # each element in its natural composition
    for name, count in nuclei_in_formula(formula).items():
        assert count == pytest.approx(ATOMS[formula][symbol_of(name)] * ABUNDANCE[name], rel=1e-9)


ISOTOPES = {
    "Ge76": {"Ge76": 1},
    "[Ge76]": {"Ge76": 1},
    "Cs133": {"Cs133": 1},
    "C12": {"C12": 1},
    "He3": {"He3": 1},
    "H1": {"H1": 1},
    "D": {"H2": 1},
    "D2": {"H2": 2},
    "[H3]": {"H3": 1},
    "T": {"H3": 1},
    "[Li6][F19]": {"Li6": 1, "F19": 1},
    "[Ca48][F19]2": {"Ca48": 1, "F19": 2},
    "([Ca48][F19]2)3": {"Ca48": 3, "F19": 6},
    "[H1]D[O16]": {"H1": 1, "H2": 1, "O16": 1},
    "[Ge76:0.87,Ge74:0.13]": {"Ge76": 0.87, "Ge74": 0.13},
    "[H2:0.9]2[O18]": {"H2": 1.8, "H1": 0.2, "O18": 1},
    "[Tc99]": {"Tc99": 1},
    "[Tc99:0.4,Tc98:0.6]": {"Tc99": 0.4, "Tc98": 0.6},
    "[Ar39:1e-15]": {"Ar39": 1e-15, "Ar36": ABUNDANCE["Ar36"], "Ar38": ABUNDANCE["Ar38"], "Ar40": ABUNDANCE["Ar40"]},
}


@pytest.mark.parametrize("formula", ISOTOPES)
def test_isotopes(formula):
    assert nuclei_in_formula(formula) == pytest.approx(ISOTOPES[formula], rel=1e-9)


def test_one_text_has_one_meaning():
    """The isotope, and never as many atoms of the natural element."""
    for name in MASS_U:
        if name != "H2":
            assert nuclei_in_formula(name) == nuclei_in_formula(f"[{name}]") == {name: 1.0}
    assert nuclei_in_formula("D") == nuclei_in_formula("[H2]") == {"H2": 1.0}


def test_enrichment_leaves_the_others_in_proportion():
    found = nuclei_in_formula("[Ge76:0.87]O2")
    assert found["Ge76"] == 0.87
    others = [name for name in found if name.startswith("Ge") and name != "Ge76"]
    assert sorted(others) == ["Ge70", "Ge72", "Ge73", "Ge74"]
    ratios = [found[name] / ABUNDANCE[name] for name in others]
    np.testing.assert_allclose(ratios, 0.13 / (1 - ABUNDANCE["Ge76"]), rtol=1e-12)
    # at the natural fraction it is the natural element
    natural, same = nuclei_in_formula("Ge"), nuclei_in_formula(f"[Ge76:{ABUNDANCE['Ge76']}]")
    assert same == pytest.approx(natural, rel=1e-12)


FORMULAS = [
    "CsI",
    "CaWO4",
    "Bi4(GeO4)3",
    "D2O",
    "[Ge76:0.87]O2",
    "[Xe136:0.9,Xe134:0.02]",
    "CsI(Tl)0.001",
    "C12H26",
    "U",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_masses_and_fractions_add_up(formula):
    """The nuclei of a kilogram weigh a kilogram (with their electrons), and the atoms are those that are written."""
    material = compound(formula)
    unit_u = 1.66053906660e-27
    weight = sum(float(material.nuclei_per_kg(name)) * MASS_U[name] * unit_u for name in material.nuclides)
    assert weight == pytest.approx(1.0, rel=1e-9)
    for element, count in atoms(formula).items():
        assert count == pytest.approx(round(count, 6), rel=1e-12), element


def test_order_and_grouping_do_not_matter():
    parts = ["[Ge76:0.87]2", "O4", "(CaW)3", "(Tl)0.01"]
    reference = nuclei_in_formula("".join(parts))
    for order in itertools.permutations(parts):
        assert nuclei_in_formula("".join(order)) == pytest.approx(reference, rel=1e-13)
    assert nuclei_in_formula("CaWO4O4CaW") == pytest.approx(nuclei_in_formula("(CaWO4)2"), rel=1e-13)
    assert nuclei_in_formula("[Ge76:0.87][Ge76:0.87]") == pytest.approx(nuclei_in_formula("[Ge76:0.87]2"), rel=1e-13)
    assert nuclei_in_formula("[Ge76:0.8,Ge74:0.1]") == pytest.approx(
        nuclei_in_formula("[Ge74:0.1,Ge76:0.8]"), rel=1e-13
    )


def test_multiples_of_a_formula_are_the_same_material():
    one, three = compound("Bi4(GeO4)3"), compound("(Bi4(GeO4)3)3")
    for name in one.nuclides:
        np.testing.assert_allclose(three.nuclei_per_kg(name), one.nuclei_per_kg(name), rtol=1e-13)


AMBIGUOUS = ["Ge76O2", "Ge75O2", "H2O18", "Li6F", "Li7La3Zr2O12", "B10H14", "Na23I", "CsI127", "(Ge76)2", "CaMo100O4"]


@pytest.mark.parametrize("formula", AMBIGUOUS)
def test_what_may_mean_two_things_is_refused(formula):
    with pytest.raises(CevnsjaxError, match=r"may be an isotope, \[[A-Z][a-z]?\d+\], or \d+ atoms, \([A-Z][a-z]?\)\d+"):
        nuclei_in_formula(formula)


FAULTS = {
    "": "it is empty",
    "csi": "'csi' cannot be read",
    "Cs I": "' I' cannot be read",
    "Cs-I": "'-I' cannot be read",
    "CsI!": "'!' cannot be read",
    "Ca₂": "cannot be read",
    "40Ar": "'40Ar' cannot be read",
    "Ge076": "the count 0 must be positive",
    "Ge0": "the count 0 must be positive",
    "Ge0.0": "the count 0.0 must be positive",
    "SiO1e999": "the count 1e999 must be positive and finite",
    "Ge-1": "'-1' cannot be read",
    "Ge(76)": "has a number where a symbol must be",
    "Ca(OH": "a parenthesis is not closed",
    "Ca)OH": "a parenthesis closes that was not opened",
    "Ca()2": "a pair of parentheses is empty",
    "[Ge76": r"'\[Ge76' cannot be read",
    "Ge]": r"'\]' cannot be read",
    "[]": "there must be one isotope",
    "[Ar]": r"\[Ar\] names no isotope",
    "CsI[Na]": r"\[Na\] names no isotope; a dopant is written .* like \(Na\)0.001",
    "CsI(Tl)": r"\(Tl\) does not say how much; a dopant .* like \(Tl\)0.001",
    "NaI(Tl)": "does not say how much",
    "[76Ge]": "there must be one isotope",
    "[Ar99]": "Ar99 is no isotope in the table, which has Ar36, Ar38, Ar39, Ar40, Ar42",
    "Ge75": "Ge75 is no isotope in the table, which has Ge70, .* the element is 'Ge'",
    "O2": "O2 is no isotope in the table, which has O16, O17, O18; the element is 'O'",
    "Cs13": "Cs13 is no isotope in the table, which has Cs133",
    "C60": "C60 is no isotope in the table",
    "H2": "H2 may be hydrogen, 'H', or its isotope, 'D'",
    "[Ge76:0.87,Ge75:0.1]": "Ge75 is no isotope in the table",
    "[Ge76:1.2]": "the fraction of Ge76 must be above 0 and at most 1",
    "[Ge76:0]": "the fraction of Ge76 must be above 0",
    "[Ge76:87%]": "there must be one isotope",
    "[Ge76,Ge74]": "with their fractions",
    "[Ge76:0.6,Ge74:0.6]": "add up to 1.2",
    "[Tc99:0.3]": "add up to 0.3, which must be 1, or less where isotopes are left",
    "[Ge76:0.5,Xe136:0.5]": "isotopes of one element, each once",
    "[Ge76:0.1,Ge76:0.2]": "isotopes of one element, each once",
    "K4[Fe(CN)6]": "cannot be read",
    "CaSO4.2H2O": r"water of crystallisation, which is written like \(H2O\)2",
    "Tc": r"Tc has no natural isotopes, name one of \[Tc97\], \[Tc98\], \[Tc99\]",
    "RnO": r"Rn has no natural isotopes, name one of \[Rn222\]",
}


@pytest.mark.parametrize("formula", FAULTS)
def test_every_fault_is_one_sentence(formula):
    with pytest.raises(CevnsjaxError, match=FAULTS[formula]) as raised:
        nuclei_in_formula(formula)
    message = str(raised.value)
    assert message.startswith("formula must be element symbols with counts, like 'CaWO4'")
    assert repr(formula) in message
    assert message.endswith(".")
    assert "\n" not in message


@pytest.mark.parametrize("formula", ["ZzI", "Zz9", "[Zz9]", "[Zz9:0.5]", "Np", "CaD5Zz"])
def test_unknown_elements(formula):
    with pytest.raises(UnknownNameError, match=r"no element \(in the formula .*\) called '(Zz|Np)'"):
        nuclei_in_formula(formula)


@pytest.mark.parametrize("formula", [None, 76, b"Ge", ["Ge"]])
def test_a_formula_is_a_text(formula):
    with pytest.raises(CevnsjaxError, match="formula must be a text like 'CaWO4', got"):
        getattr(nuclei_in_formula, "__wrapped__", nuclei_in_formula)(formula)  # without the check of types, if any
