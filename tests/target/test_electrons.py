"""Electron shells: binding energies, counts and steps."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.tables import read_table
from cevnsjax.target import (
    ElectronShells,
    Material,
    Nuclide,
    PointLike,
    atoms_per_formula_unit,
    compound,
    electron_shells,
    shells_per_formula_unit,
)
from cevnsjax.target.nuclide import nuclide_table


@eqx.filter_jit
def free_electrons(shells, energy_keV):
    return shells.free_electrons(energy_keV)


def shell_table():
    return read_table("electron_shells.csv", text_columns=["element", "shell"])


def test_every_element_of_the_nuclides_is_neutral():
    nuclides, table = nuclide_table(), shell_table()
    elements = {
        str(name).rstrip("0123456789"): int(protons)
        for name, protons in zip(nuclides["name"], nuclides["proton_number"], strict=True)
    }
    assert set(elements) == set(table["element"].tolist())
    for symbol, protons in elements.items():
        rows = table["element"] == symbol
        assert set(table["proton_number"][rows].tolist()) == {protons}
        assert table["electrons"][rows].sum() == protons
        assert np.asarray(electron_shells(symbol).electrons).sum() == protons


# X-ray Data Booklet, LBNL (2009), table 1-1, in keV.
BINDING_ENERGY_KEV = {
    ("Ar", "K"): 3.2059,
    ("Ge", "K"): 11.103,
    ("Ge", "L3"): 1.217,
    ("I", "K"): 33.169,
    ("Xe", "K"): 34.561,
    ("Xe", "L1"): 5.453,
    ("Xe", "L2"): 5.107,
    ("Xe", "L3"): 4.786,
    ("Cs", "K"): 35.985,
    ("W", "K"): 69.525,
    ("Na", "K"): 1.0708,
    ("Tc", "K"): 21.044,
    ("Th", "L3"): 16.300,
    ("U", "K"): 115.606,
    ("U", "L1"): 21.757,
    ("U", "L2"): 20.948,
    ("U", "L3"): 17.166,
    ("U", "M5"): 3.552,
}


@pytest.mark.parametrize(("symbol", "shell"), BINDING_ENERGY_KEV)
def test_binding_energies(symbol, shell):
    table = shell_table()
    row = (table["element"] == symbol) & (table["shell"] == shell)
    assert table["binding_energy_keV"][row].tolist() == [BINDING_ENERGY_KEV[symbol, shell]]


# Ground states of the NIST Atomic Spectra Database, by n and l.
CONFIGURATIONS = {
    "Ar": "1s2 2s2 2p6 3s2 3p6",
    "Cr": "1s2 2s2 2p6 3s2 3p6 3d5 4s1",
    "Ge": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p2",
    "Pd": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10",
    "I": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 5s2 5p5",
    "Cs": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 5s2 5p6 6s1",
    "Gd": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 4f7 5s2 5p6 5d1 6s2",
    "W": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 4f14 5s2 5p6 5d4 6s2",
    "Au": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 4f14 5s2 5p6 5d10 6s1",
    "Pb": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 4f14 5s2 5p6 5d10 6s2 6p2",
    "Tc": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d5 5s2",
    "Th": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 4f14 5s2 5p6 5d10 6s2 6p6 6d2 7s2",
    "Pa": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 4f14 5s2 5p6 5d10 5f2 6s2 6p6 6d1 7s2",
    "U": "1s2 2s2 2p6 3s2 3p6 3d10 4s2 4p6 4d10 4f14 5s2 5p6 5d10 5f3 6s2 6p6 6d1 7s2",
}


@pytest.mark.parametrize("symbol", CONFIGURATIONS)
def test_configurations(symbol):
    table = shell_table()
    rows = table["element"] == symbol
    found: dict[str, int] = {}
    for shell, electrons in zip(table["shell"][rows], table["electrons"][rows], strict=True):
        # K, L1 to L3, M1 to M5, ...: l = index // 2
        orbital = f"{'KLMNOPQ'.index(shell[0]) + 1}{'spdf'[int(shell[1:] or 1) // 2]}"
        found[orbital] = found.get(orbital, 0) + int(electrons)
    assert " ".join(f"{orbital}{electrons}" for orbital, electrons in found.items()) == CONFIGURATIONS[symbol]


def test_inner_shells_have_binding_energies():
    """Only the valence electrons lack one: a noble gas core never does."""
    table = shell_table()
    cores = {86: 86, 54: 54, 36: 36, 18: 18, 10: 10, 2: 2, 0: 0}
    for symbol in dict.fromkeys(table["element"].tolist()):
        rows = table["element"] == symbol
        protons = int(table["proton_number"][rows][0])
        bound = table["electrons"][rows][table["binding_energy_keV"][rows] > 0].sum()
        assert bound >= next(core for core in cores if core <= protons), symbol


def test_steps_of_xenon(precision):
    energy = jnp.array([[0.0, 0.0001, 0.01209], [0.05, 1.0, 4.785], [4.787, 34.5, 34.562]])
    found = free_electrons(electron_shells("Xe"), energy)
    assert found.dtype == jnp.dtype(precision)
    assert found.tolist() == [[0.0, 0.0, 0.0], [8.0, 40.0, 44.0], [48.0, 52.0, 54.0]]
    assert float(free_electrons(electron_shells("Xe"), jnp.array(100.0))) == 54.0


def test_the_step_itself_counts():
    shells = ElectronShells([0.0, 2.0], [1.0, 3.0])
    assert free_electrons(shells, jnp.array([0.0, 1.9, 2.0])).tolist() == [1.0, 1.0, 4.0]


def test_untabulated_valence_electrons_are_free():
    assert float(free_electrons(electron_shells("Na"), jnp.array(0.0))) == 1.0
    assert float(free_electrons(electron_shells("Ar"), jnp.array(0.0))) == 0.0


def test_formula_units():
    assert {symbol: float(count) for symbol, count in atoms_per_formula_unit(compound("CsI")).items()} == {
        "Cs": 1.0,
        "I": 1.0,
    }
    scheelite = atoms_per_formula_unit(compound("CaWO4"))
    assert list(scheelite) == ["Ca", "W", "O"]
    np.testing.assert_allclose(list(scheelite.values()), [1.0, 1.0, 4.0], rtol=1e-12)
    germanium = shells_per_formula_unit(compound("Ge"))
    np.testing.assert_array_equal(germanium.binding_energy_keV, electron_shells("Ge").binding_energy_keV)
    np.testing.assert_allclose(germanium.electrons, electron_shells("Ge").electrons, rtol=1e-12)


def test_shells_of_a_compound(precision):
    """1 + 1 + 4 atoms: 20 + 74 + 4 x 8 electrons, K shells at 4.0385, 69.525 and 0.5431 keV."""
    shells = shells_per_formula_unit(compound("CaWO4"))
    energy = jnp.array([0.5430, 0.5432, 4.038, 4.039, 69.524, 69.526, 1e3])
    counts = np.asarray(free_electrons(shells, energy))
    assert counts.dtype == np.dtype(precision)
    rtol = 1e-12 if precision == "float64" else 1e-6
    np.testing.assert_allclose(counts[1] - counts[0], 8.0, rtol=10 * rtol)
    np.testing.assert_allclose(counts[3] - counts[2], 2.0, rtol=100 * rtol)
    np.testing.assert_allclose(counts[5] - counts[4], 2.0, rtol=100 * rtol)
    np.testing.assert_allclose(counts[-1], 126.0, rtol=rtol)


def test_enriched_doped_and_heavy_formulas_are_neutral():
    """Isotopes do not change the electrons, dopants add theirs."""
    for formula, electrons in (
        ("D2O", 10),
        ("[Ge76:0.87]O2", 48),
        ("CsI(Tl)0.01", 108.81),
        ("UO2", 108),
        ("[Rn222]", 86),
    ):
        found = np.asarray(shells_per_formula_unit(compound(formula)).electrons).sum()
        assert found == pytest.approx(electrons, rel=1e-9)


def test_names_of_nuclides_do_not_matter():
    one = Nuclide(54, 77, 1.2e5, PointLike(), PointLike())
    material = Material({"light": one, "heavy": one}, {"light": 0.25, "heavy": 1.75}, 131.0)
    assert {symbol: float(count) for symbol, count in atoms_per_formula_unit(material).items()} == {"Xe": 2.0}
    assert np.asarray(shells_per_formula_unit(material).electrons).sum() == 108.0


def test_gradients():
    """Linear in the electrons and in the atoms of a formula unit; flat in the energies, and finite at the steps."""
    shells, energy = electron_shells("Ge"), jnp.array([0.0, 0.003, 1.3, 11.103, 20.0])

    def total(shells, energy):
        return jnp.sum(shells.free_electrons(energy))

    by_shells, by_energy = jax.jit(jax.grad(total, argnums=(0, 1)))(shells, energy)
    reached = (np.asarray(energy)[:, None] >= np.asarray(shells.binding_energy_keV)).sum(axis=0)
    np.testing.assert_array_equal(by_shells.electrons, reached)
    assert not np.any(np.asarray(by_shells.binding_energy_keV))
    assert not np.any(np.asarray(by_energy))

    def of_material(material):
        return total(shells_per_formula_unit(material), energy)

    material = compound("CsI")
    slope = eqx.filter_jit(jax.grad(of_material))(material).nuclei_per_formula_unit
    for name, symbol in (("Cs133", "Cs"), ("I127", "I")):
        expected = np.asarray(free_electrons(electron_shells(symbol), energy)).sum()
        np.testing.assert_allclose(slope[name], expected, rtol=1e-12)


def test_transformations():
    shells, energy = shells_per_formula_unit(compound("CsI")), jnp.linspace(0.0, 40.0, 11)
    expected = shells.free_electrons(energy)  # one operation after the other
    np.testing.assert_array_equal(free_electrons(shells, energy), expected)
    np.testing.assert_array_equal(jax.jit(jax.vmap(shells.free_electrons))(energy), expected)


@pytest.mark.parametrize("symbol", ["Np", "D", "xe", "Xe131", ""])
def test_unknown_elements(symbol):
    with pytest.raises(UnknownNameError, match="There is no element with electron shells called"):
        electron_shells(symbol)


def test_messages_name_the_argument():
    with pytest.raises(CevnsjaxError, match="two lists of the same length"):
        ElectronShells([1.0, 2.0], [1.0])
    with pytest.raises(CevnsjaxError, match="two lists of the same length"):
        ElectronShells(1.0, 1.0)
    with pytest.raises(CevnsjaxError, match="binding_energy_keV must be zero or positive and in keV"):
        ElectronShells([-1.0], [1.0])
    with pytest.raises(CevnsjaxError, match="electrons must be positive"):
        ElectronShells([1.0], [0.0])
    neptunium = Nuclide(93, 144, 2.2e5, PointLike(), PointLike())
    with pytest.raises(UnknownNameError, match="called 'Z = 93'"):
        atoms_per_formula_unit(Material({"Np237": neptunium}, {"Np237": 1.0}, 237.0))
