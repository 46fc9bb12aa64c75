"""Nuclides and materials: masses, counts and messages."""

import numpy as np
import pytest

from cevnsjax.constants import AVOGADRO_PER_MOL
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.target import Helm, KleinNystrand, Material, Nuclide, PointLike, compound, nuclide
from cevnsjax.target.nuclide import nuclide_table

# Z, A and mass of the nucleus in MeV (atomic mass of AME less Z electrons), from another table than the package's.
REFERENCE_NUCLEAR_MASS_MEV = {
    "C12": (6, 12, 11174.863235),
    "O16": (8, 16, 14895.080646),
    "Na23": (11, 23, 21409.213514),
    "Al27": (13, 27, 25126.500915),
    "Si28": (14, 28, 26053.188085),
    "Si29": (14, 29, 26984.279903),
    "Si30": (14, 30, 27913.236125),
    "Ar36": (18, 36, 33494.358164),
    "Ar38": (18, 38, 35352.863086),
    "Ar40": (18, 40, 37215.526217),
    "Ca40": (20, 40, 37214.697715),
    "Ge70": (32, 70, 65117.673165),
    "Ge72": (32, 72, 66978.637494),
    "Ge73": (32, 73, 67911.419983),
    "Ge74": (32, 74, 68840.789161),
    "Ge76": (32, 76, 70703.986915),
    "I127": (53, 127, 118183.68523),
    "Xe128": (54, 128, 119113.79068),
    "Xe129": (54, 129, 120046.44924),
    "Xe131": (54, 131, 121909.71987),
    "Xe132": (54, 132, 122840.34862),
    "Xe136": (54, 136, 126569.17484),
    "Cs133": (55, 133, 123772.53974),
    "W184": (74, 184, 171311.39251),
    "Pb208": (82, 208, 193687.12277),
}


@pytest.mark.parametrize("name", REFERENCE_NUCLEAR_MASS_MEV)
def test_nuclear_mass(name):
    protons, mass_number, mass = REFERENCE_NUCLEAR_MASS_MEV[name]
    found = nuclide(name)
    assert (found.proton_number, found.mass_number) == (protons, mass_number)
    # 2e-8: the reference used an older evaluation for W184 (five digits of u); all others agree to 1e-9
    np.testing.assert_allclose(found.mass_MeV, mass, rtol=2e-8 if name == "W184" else 1e-9)


def test_chosen_mass_and_form_factor():
    found = nuclide("Ge74", Helm.lewin_smith, mass_MeV=68840.0)
    assert float(found.mass_MeV) == 68840.0
    assert isinstance(found.proton_form_factor, Helm)
    assert float(found.proton_form_factor.rms_radius_fm) == float(Helm.lewin_smith(74).rms_radius_fm)
    assert isinstance(nuclide("Ge74").neutron_form_factor, KleinNystrand)


def test_csi():
    csi = compound("CsI")
    assert set(csi.nuclides) == {"Cs133", "I127"}
    assert {name: float(count) for name, count in csi.nuclei_per_formula_unit.items()} == {"Cs133": 1.0, "I127": 1.0}
    # atomic masses of AME2020 in u
    molar_mass = 132.905451958 + 126.904473
    np.testing.assert_allclose(csi.molar_mass_g_per_mol, molar_mass, rtol=1e-8)
    np.testing.assert_allclose(csi.nuclei_per_kg("I127"), 1000 / molar_mass * 6.02214076e23, rtol=1e-8)


def test_natural_germanium():
    """Abundances and mean mass of IUPAC."""
    germanium = compound("Ge")
    expected = {"Ge70": 0.2052, "Ge72": 0.2745, "Ge73": 0.0776, "Ge74": 0.3652, "Ge76": 0.0775}
    found = {name: float(count) for name, count in germanium.nuclei_per_formula_unit.items()}
    assert found == pytest.approx(expected, abs=1e-12)
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-12)
    assert float(germanium.molar_mass_g_per_mol) == pytest.approx(72.630, abs=0.008)  # IUPAC standard atomic weight


def test_enriched_and_compound_counts():
    assert {name: float(count) for name, count in compound("[Ar40]").nuclei_per_formula_unit.items()} == {"Ar40": 1.0}
    scheelite = compound("CaWO4")
    elements: dict[str, float] = {}
    for name, count in scheelite.nuclei_per_formula_unit.items():
        symbol = name.rstrip("0123456789")
        elements[symbol] = elements.get(symbol, 0.0) + float(count)
    assert elements == pytest.approx({"Ca": 1.0, "W": 1.0, "O": 4.0}, abs=1e-12)
    # 40.078 + 183.84 + 4 x 15.999 with the uncertainties that IUPAC gives
    assert float(scheelite.molar_mass_g_per_mol) == pytest.approx(287.914, abs=0.02)
    # 4e-25 kg is what one formula unit weighs: the total number of nuclei follows from it
    total = sum(float(scheelite.nuclei_per_kg(name)) for name in scheelite.nuclides)
    assert total == pytest.approx(6 * 1000 * AVOGADRO_PER_MOL / float(scheelite.molar_mass_g_per_mol), rel=1e-12)


def test_a_repeated_symbol_adds_up():
    counts = compound("[O16]C[O16]").nuclei_per_formula_unit
    assert float(counts["O16"]) == 2.0


def test_abundances_of_every_element_add_up():
    table = nuclide_table()
    sums: dict[str, float] = {}
    for name, abundance in zip(table["name"], table["abundance"], strict=True):
        sums[name.rstrip("0123456789")] = sums.get(name.rstrip("0123456789"), 0.0) + float(abundance)
    assert len(sums) == 92
    without = {symbol for symbol, total in sums.items() if total == 0.0}
    assert without == {"Tc", "Pm", "Po", "At", "Rn", "Fr", "Ra", "Ac"}
    for symbol in sums.keys() - without:
        assert sums[symbol] == pytest.approx(1.0, abs=1e-9), symbol


# Standard atomic weights of IUPAC 2021, abridged where isotopes vary, with their uncertainties.
STANDARD_ATOMIC_WEIGHT = {
    "H": (1.008, 2e-4),
    "He": (4.002602, 2e-6),
    "Li": (6.94, 0.06),
    "B": (10.81, 0.02),
    "C": (12.011, 2e-3),
    "N": (14.007, 1e-3),
    "O": (15.999, 1e-3),
    "F": (18.998403162, 5e-9),
    "Na": (22.98976928, 2e-8),
    "Mg": (24.305, 2e-3),
    "Al": (26.9815384, 3e-7),
    "Si": (28.085, 1e-3),
    "S": (32.06, 0.02),
    "Cl": (35.45, 0.01),
    "Ar": (39.95, 0.16),
    "Ca": (40.078, 4e-3),
    "Ti": (47.867, 1e-3),
    "Fe": (55.845, 2e-3),
    "Cu": (63.546, 3e-3),
    "Zn": (65.38, 0.02),
    "Ge": (72.630, 8e-3),
    "Mo": (95.95, 0.01),
    "Cd": (112.414, 4e-3),
    "Sn": (118.710, 7e-3),
    "Te": (127.60, 0.03),
    "I": (126.90447, 3e-5),
    "Xe": (131.293, 6e-3),
    "Cs": (132.90545196, 6e-8),
    "La": (138.90547, 7e-5),
    "Gd": (157.25, 0.03),
    "W": (183.84, 0.01),
    "Hg": (200.592, 3e-3),
    "Tl": (204.38, 0.02),
    "Pb": (207.2, 1.1),
    "Bi": (208.98040, 1e-5),
    "Th": (232.0377, 4e-4),
    "Pa": (231.03588, 1e-5),
    "U": (238.02891, 3e-5),
}


@pytest.mark.parametrize("symbol", STANDARD_ATOMIC_WEIGHT)
def test_mean_masses_are_the_standard_atomic_weights(symbol):
    weight, uncertainty = STANDARD_ATOMIC_WEIGHT[symbol]
    assert float(compound(symbol).molar_mass_g_per_mol) == pytest.approx(weight, abs=uncertainty)


def test_nuclides_up_to_uranium():
    """Against numbers that another table of nuclear masses has: U238 weighs 238.050787 u, Th232 232.038054 u."""
    uranium = nuclide("U238")
    assert (uranium.proton_number, uranium.neutron_number) == (92, 146)
    np.testing.assert_allclose(uranium.mass_MeV, 238.050787 * 931.49410242 - 92 * 0.51099895, rtol=1e-8)
    np.testing.assert_allclose(nuclide("H3").mass_MeV, 2808.92113298, rtol=1e-8)  # CODATA: the triton
    # every nuclide of the table, whatever its abundance, is one that can be a target
    for name in nuclide_table()["name"].tolist():
        assert nuclide(name).mass_number == int(name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))


def test_unknown_names_are_named():
    with pytest.raises(UnknownNameError, match=r"'Cs13'.*Cs133"):
        nuclide("Cs13")
    with pytest.raises(CevnsjaxError, match=r"Ar99 is no isotope in the table"):
        compound("[Ar99]")
    with pytest.raises(UnknownNameError, match="'Zz'"):
        compound("ZzI")


def test_messages_name_the_argument():
    with pytest.raises(CevnsjaxError, match="mass_MeV must be positive and in MeV"):
        Nuclide(1, 1, -1.0, PointLike(), PointLike())
    with pytest.raises(CevnsjaxError, match="Z >= 0 and N >= 0"):
        Nuclide(-1, 1, 1.0, PointLike(), PointLike())
    one = {"Ge74": nuclide("Ge74")}
    with pytest.raises(CevnsjaxError, match="molar_mass_g_per_mol must be positive"):
        Material(one, {"Ge74": 1.0}, 0.0)
    with pytest.raises(CevnsjaxError, match=r"nuclei_per_formula_unit\['Ge74'\] must be positive"):
        Material(one, {"Ge74": -1.0}, 74.0)
    with pytest.raises(CevnsjaxError, match="must name the same nuclides"):
        Material(one, {"Ge73": 1.0}, 74.0)
