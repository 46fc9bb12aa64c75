"""Axial scattering on nuclei with spin: hand values, refusals, mixtures."""

import dirac_trace as dt
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import Axial, Coherent, ErlerSu, TreeLevel, flux_averaged_cross_section
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import Scattering
from cevnsjax.flux import PionDecayAtRest, Source
from cevnsjax.target import NuclearSpin, Nuclide, PointLike, compound, nuclide

FERMI, HBAR_C = 1.1663788e-11, 197.3269804e-13  # MeV^-2, MeV cm
G_A, STRANGE = 1.2756, -0.085
# J, <S_p>, <S_n> of the packaged table: odd-even nuclei have nearly all of it in the odd kind
SPINS = {"F19": (0.5, 0.47770, -0.00199), "Ge73": (4.5, 0.04489, 0.48892), "Cs133": (3.5, -0.32555, 0.02518)}


def cross_section(terms, target, energy=20.0, recoil=1.0, neutrino="nu_e"):
    interaction = Coherent(terms)
    found = interaction.differential_cross_section(jnp.array([energy]), jnp.array([recoil]), target, neutrino)
    return float(found[0])


def response(name, g_a=G_A, strange=STRANGE):
    """F_A(0) = (4/3) (J+1)/J [g_A (<S_p> - <S_n>) - g_A^s (<S_p> + <S_n>)]^2, typed in again."""
    spin, proton, neutron = SPINS[name]
    return 4 / 3 * (spin + 1) / spin * (g_a * (proton - neutron) - strange * (proton + neutron)) ** 2


def point_like(name):
    return nuclide(name, lambda _: PointLike())


@pytest.mark.parametrize(("name", "by_hand"), [("F19", 1.49765), ("Ge73", 0.522808), ("Cs133", 0.343130)])
@pytest.mark.parametrize("neutrino", ["nu_e", "nu_tau_bar"])
def test_hand_values(name, by_hand, neutrino):
    """(G_F^2 M/4 pi) [1 - T/E + M T/(2 E^2)] F_A(0); here g_A alone, F_A = (4/3) (J+1)/J g_A^2 (<S_p> - <S_n>)^2."""
    target = point_like(name)
    mass, energy, recoil = float(target.mass_MeV), 20.0, 1e-3
    shape = 1 - recoil / energy + mass * recoil / (2 * energy**2)
    unit = FERMI**2 * mass / (4 * np.pi) * shape * HBAR_C**2 * 1e-3 * 1e40
    found = cross_section({"axial": Axial(G_A, 0.0)}, target, neutrino=neutrino)
    np.testing.assert_allclose(found / unit, response(name, strange=0.0), rtol=1e-12)
    np.testing.assert_allclose(found / unit, by_hand, rtol=1e-5)
    found = cross_section({"axial": Axial()}, target, neutrino=neutrino)
    np.testing.assert_allclose(found / unit, response(name), rtol=1e-12)


def test_sign_of_the_strange_coupling():
    """g_A^s = Delta s < 0 adds to the proton's 1.2756 and takes from the neutron's: (g_A tau_3 - g_A^s)/2."""
    proton, neutron = (np.asarray(c)[0, ..., 0] for c in Axial().couplings(jnp.ones(1)))
    np.testing.assert_allclose(proton, (1.2756 + 0.085) * np.eye(3), rtol=1e-14)
    np.testing.assert_allclose(neutron, (-1.2756 + 0.085) * np.eye(3), rtol=1e-14)
    ratios = [
        cross_section({"a": Axial()}, nuclide(name)) / cross_section({"a": Axial(G_A, 0.0)}, nuclide(name))
        for name in ("F19", "Ge73")
    ]
    assert ratios[0] > 1.0
    assert ratios[1] < 1.0
    np.testing.assert_allclose(ratios, [response(n) / response(n, strange=0.0) for n in ("F19", "Ge73")], rtol=1e-12)


@pytest.mark.parametrize(("protons", "sign"), [(1, 1.0), (0, -1.0)])
def test_single_free_nucleon(protons, sign):
    """J = 1/2, <S> = 1/2: the trace over (G_F/sqrt2)[...][Nbar gamma (g_V - g_A gamma_5) N], (g_A tau_3 - g_A^s)/2.

    The trace of the axial current has T^2/(2 E^2) more than is kept. Its interference with the vector current, of
    opposite sign for antineutrinos, is left out: their mean is compared.
    """
    energy, recoil, mass = 20.0, 0.2, 939.0
    spin = NuclearSpin(0.5, 0.5 * protons, 0.5 * (1 - protons))
    target = Nuclide(protons, 1 - protons, mass, PointLike(), PointLike(), spin)
    vector = 0.5 - 2 * 0.23863 if protons else -0.5
    axial = 0.5 * (sign * G_A - STRANGE)
    traces = [dt.vector_spin_half(energy, recoil, mass, vector, axial, antineutrino=anti) for anti in (False, True)]
    left_out = (vector**2 + axial**2) * FERMI**2 * mass / np.pi * recoil**2 / (2 * energy**2)
    expected = dt.cm2_per_keV(np.mean(traces) - left_out) * 1e40
    found = cross_section({"sm": TreeLevel(0.23863), "axial": Axial()}, target, energy, 1e3 * recoil)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(
        cross_section({"sm": TreeLevel(0.23863), "axial": Axial()}, target, energy, 1e3 * recoil, "nu_e_bar"),
        expected,
        rtol=1e-12,
    )


def test_adds_in_the_rate():
    target = nuclide("Cs133")
    together, vector, axial = (
        cross_section(terms, target)
        for terms in ({"sm": ErlerSu(), "axial": Axial()}, {"sm": ErlerSu()}, {"axial": Axial()})
    )
    np.testing.assert_allclose(together, vector + axial, rtol=1e-13)
    assert 1e-5 < axial / vector < 1e-3  # coherence: 1 against N^2


def average(terms, formula):
    flux = PionDecayAtRest(0.08, 1e23, 20.0)
    return np.asarray(flux_averaged_cross_section(Coherent(terms), flux, compound(formula)))


def test_mixtures():
    """Natural germanium has 7.76 % of Ge73; the other isotopes have no spin and add nothing."""
    material = compound("Ge")
    fraction = float(material.nuclei_per_formula_unit["Ge73"])
    np.testing.assert_allclose(fraction, 0.0776, rtol=1e-2)
    np.testing.assert_allclose(average({"a": Axial()}, "Ge"), fraction * average({"a": Axial()}, "[Ge73]"), rtol=1e-12)
    both = average({"sm": TreeLevel(), "a": Axial()}, "Ge")
    np.testing.assert_allclose(both, average({"sm": TreeLevel()}, "Ge") + average({"a": Axial()}, "Ge"), rtol=1e-12)


def test_scattering_takes_isotopes_one_by_one():
    """Isotopes without spin keep their vector part alone."""
    terms = {"sm": TreeLevel(), "axial": Axial()}
    beam = {"beam": Source.steady(PionDecayAtRest(0.08, 1e23, 20.0))}
    scattering = Scattering(compound("Ge"), {"cevns": Coherent(terms)}, beam)
    found = scattering.averaged_cross_sections()["cevns"]
    np.testing.assert_allclose(found["Ge74"]["beam"], average({"sm": TreeLevel()}, "[Ge74]"), rtol=1e-9)
    np.testing.assert_allclose(found["Ge73"]["beam"], average(terms, "[Ge73]"), rtol=1e-9)
    point = scattering.differential_cross_sections(30.0, 1.0, "nu_e")
    np.testing.assert_allclose(
        point["cevns"]["Ge70"], cross_section({"sm": TreeLevel()}, nuclide("Ge70"), 30.0), rtol=1e-13
    )


def test_nothing_on_argon():
    with pytest.raises(CevnsjaxError, match="An axial term needs a nucleus with spin, but Ar40 has spin 0"):
        average({"sm": TreeLevel(), "a": Axial()}, "[Ar40]")
    with pytest.raises(CevnsjaxError, match="needs a nucleus with spin, but Z = 18, A = 40 has spin 0"):
        cross_section({"a": Axial()}, nuclide("Ar40"))


def test_without_matrix_elements():
    """The message says which nuclide, and what can be done."""
    message = "no spin matrix elements for Z = 54, A = 129: give the nuclide a NuclearSpin, or leave the axial term out"
    with pytest.raises(CevnsjaxError, match=message):
        cross_section({"a": Axial()}, nuclide("Xe129"))
    with pytest.raises(CevnsjaxError, match=r"Z = 54, A = 1(29|31)"):
        average({"a": Axial()}, "Xe")
    # with a spin of one's own
    xenon = nuclide("Xe129")
    given = Nuclide(54, 75, xenon.mass_MeV, PointLike(), PointLike(), NuclearSpin(0.5, 0.010, 0.329))
    expected = 4 / 3 * 3 * (G_A * (0.010 - 0.329) - STRANGE * 0.339) ** 2
    mass = float(xenon.mass_MeV)
    unit = FERMI**2 * mass / (4 * np.pi) * (1 - 1e-3 / 20 + mass * 1e-3 / 800) * HBAR_C**2 * 1e-3 * 1e40
    np.testing.assert_allclose(cross_section({"a": Axial()}, given) / unit, expected, rtol=1e-12)


@pytest.mark.parametrize("spin", [0.0, -0.5, 0.7])
def test_spins_are_half_integers(spin):
    with pytest.raises(CevnsjaxError, match="angular_momentum must be 1/2, 1, 3/2"):
        NuclearSpin(spin, 0.1, 0.1)


def test_with_no_other_term():
    """On a mixture, the isotope without spin is named where nothing else acts on it."""
    beam = {"beam": Source.steady(PionDecayAtRest(0.08, 1e23, 20.0))}
    scattering = Scattering(compound("Ge"), {"cevns": Coherent({"axial": Axial()})}, beam)
    with pytest.raises(CevnsjaxError, match="An axial term needs a nucleus with spin, but Ge70 has spin 0"):
        scattering.averaged_cross_sections()
