"""Charged-current and inclusive reactions: SciPy quadrature, sum rules, gradients, events in a detector."""

import dataclasses
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients
from scipy.integrate import quad

from cevnsjax.cross_section import (
    AllowedReaction,
    ChargedCurrent,
    NoCoulomb,
    Recoil,
    TabulatedReaction,
    argon_to_potassium,
    carbon_to_nitrogen,
    flux_averaged_measurements,
    gallium_to_germanium,
    inclusive_reaction,
    inclusive_reactions,
)
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import MonoEnergetic, PionDecayAtRest, SterileOscillation, chromium_51_source
from cevnsjax.target import compound

END_MEV = 0.5 * 105.6583755
FLUX = PionDecayAtRest(0.08, 1e22, 20.0)
TABLE = TabulatedReaction("O16", ("nu_e",), True, 3.0, [5.0, 10.0, 20.0, 60.0], [0.1, 0.5, 2.5, 40.0])
averaged = eqx.filter_jit(lambda reaction, flux: reaction.flux_averaged(flux))
cross_section = eqx.filter_jit(lambda reaction, energies, neutrino="nu_e": reaction.cross_section(energies, neutrino))


@eqx.filter_jit
def spectrum_and_total(interaction, flux, material):
    spectrum = interaction.spectrum(interaction.nodes(flux, material), flux, material)
    return spectrum, spectrum.total()


def michel(energy_MeV):
    x = energy_MeV / END_MEV
    return 12.0 * x**2 * (1.0 - x) / END_MEV


def simple(**changes):
    """Two levels without Coulomb correction."""
    leaves = {
        "target": "Ar40",
        "proton_number": 18,
        "missing_MeV": 1.5,
        "excitation_MeV": [2.0, 5.0],
        "fermi_strength": [0.0, 4.0],
        "gamow_teller_strength": [1.0, 0.5],
        "coulomb": NoCoulomb(),
    }
    return AllowedReaction(**{**leaves, **changes})


def plain_cross_section(energy_MeV):
    """Of `simple`, in 1e-40 cm^2."""
    total = 0.0
    for threshold, strength in ((3.5, 1.2756**2), (6.5, 4.0 + 0.5 * 1.2756**2)):
        if energy_MeV > threshold:
            electron = energy_MeV - threshold + 0.51099895
            total += strength * electron * np.sqrt(electron**2 - 0.51099895**2)
    return total * (1.1663788e-11 * 0.97373 * 197.3269804e-13) ** 2 / np.pi / 1e-40


def test_allowed_cross_section():
    energies = np.array([0.0, 3.4999, 4.0, 6.6, 30.0])
    found = np.asarray(cross_section(simple(), jnp.asarray(energies)))
    np.testing.assert_allclose(found, [plain_cross_section(energy) for energy in energies], rtol=1e-12)
    assert found[0] == found[1] == 0.0
    np.testing.assert_array_equal(cross_section(simple(), jnp.asarray(energies), "nu_mu"), 0.0)
    assert float(simple().threshold_MeV) == 3.5


def test_allowed_average():
    edges = (3.5, 6.5, END_MEV)
    parts = [
        quad(lambda e: michel(e) * plain_cross_section(e), *pair, epsabs=0)[0] for pair in itertools.pairwise(edges)
    ]
    found = averaged(simple(), FLUX)
    np.testing.assert_allclose(found, [0.0, sum(parts), 0.0], rtol=1e-6)


def test_carbon():
    np.testing.assert_allclose(averaged(carbon_to_nitrogen(), FLUX)[1], 8.7224521932e-2, rtol=1e-6)


def test_line():
    """At a line, on it and below the threshold; of other neutrinos nothing."""
    reaction = gallium_to_germanium()
    for energy in (0.1, 0.232, 0.9):
        found = averaged(reaction, MonoEnergetic("nu_e", energy))
        np.testing.assert_allclose(found, cross_section(reaction, jnp.array([energy])), rtol=1e-12)
    np.testing.assert_array_equal(averaged(reaction, MonoEnergetic("nu_e_bar", 0.9)), 0.0)
    lines = {0.427: 0.0895, 0.432: 0.0093, 0.747: 0.8163, 0.752: 0.0849}
    expected = np.dot(cross_section(reaction, jnp.array(list(lines))), list(lines.values()))
    np.testing.assert_allclose(averaged(reaction, chromium_51_source())[0], expected, rtol=1e-12)


def test_argon_strengths():
    """Isobaric analogue state: B(F) = N - Z; published sums of B(GT) with g_A^2 inside."""
    for name, total in (("Bhattacharya2009", 25.685433), ("Bhattacharya1998", 25.116134), ("Liu1998", 25.369737)):
        reaction = argon_to_potassium(name)
        np.testing.assert_allclose(np.asarray(reaction.fermi_strength).sum(), 4.0)
        np.testing.assert_allclose(1.2756**2 * np.asarray(reaction.gamow_teller_strength).sum(), total, rtol=1e-6)
        np.testing.assert_allclose(reaction.threshold_MeV, 3.7942703, atol=1e-6)


def test_table():
    """Linear between knots, zero below, constant above; exact average of a table against SciPy."""
    reaction = TABLE
    found = cross_section(reaction, jnp.array([4.9, 5.0, 7.5, 15.0, 70.0]))
    np.testing.assert_allclose(found, [0.0, 0.1, 0.3, 1.5, 40.0], rtol=1e-12)
    knots = (5.0, 10.0, 20.0, END_MEV)
    expected = sum(
        quad(lambda e: michel(e) * np.interp(e, reaction.knots_MeV, reaction.values), *pair, epsabs=0)[0]
        for pair in itertools.pairwise(knots)
    )
    np.testing.assert_allclose(averaged(reaction, FLUX), [0.0, expected, 0.0], rtol=1e-12)
    neutral = dataclasses.replace(reaction, neutrinos=("nu_mu", "nu_mu_bar"), charged=False)
    line = float(FLUX.line_energy_MeV)
    found = np.asarray(averaged(neutral, FLUX))
    np.testing.assert_allclose(found[0], np.interp(line, [20.0, 60.0], [2.5, 40.0]), rtol=1e-12)
    assert found[1] == 0.0 < found[2]


def test_inclusive_reactions():
    for name, formula in inclusive_reactions().items():
        reaction = inclusive_reaction(name)
        assert formula.startswith("nu")
        # of deuterium and of what reacts at all energies tables begin above the threshold
        first, missing = float(np.asarray(reaction.knots_MeV)[0]), float(reaction.missing_MeV)
        assert (0.999 * missing if first > missing else 0.0) < first
        assert np.all(np.asarray(reaction.values) >= 0.0)


def test_oscillated_flux():
    """Averages follow what arrives: nu_mu that have become nu_e react."""
    flux = SterileOscillation(FLUX, 1.0, 0.1, 0.1, 0.0)
    found = dict(zip(flux.components, np.asarray(carbon_to_nitrogen().accepted(flux)), strict=True))
    assert {name for name, accepted in found.items() if accepted} == {"nu_mu_to_nu_e", "nu_e_to_nu_e"}


def test_published_averages_only():
    with pytest.raises(CevnsjaxError, match=r"no cross section of Fe56.*only flux averages.*256 \+- 108 \+- 43"):
        inclusive_reaction("Fe56")
    with pytest.raises(CevnsjaxError, match=r"I127.*284 \+- 91 \+- 25.*LSND.*920 \+210 -180.*COHERENT"):
        inclusive_reaction("I127")
    with pytest.raises(UnknownNameError, match=r"inclusive reaction called 'Pb'.*Pb208-1n"):
        inclusive_reaction("Pb")


def test_measurements():
    measured = {(each.reaction, each.flux, each.experiment): each for each in flux_averaged_measurements()}
    deuteron = measured["2H(nu_e, e-)pp", "pion decay at rest", "LAMPF"]
    np.testing.assert_allclose(deuteron.distance(61.0), 0.5)
    iodine = measured["127I(nu_e, e-)X", "pion decay at rest", "COHERENT"]
    np.testing.assert_allclose((iodine.distance(1130.0), iodine.distance(740.0)), (1.0, -1.0))
    karmen = measured["12C(nu_e, e-)12N ground state", "pion decay at rest", "KARMEN"]
    np.testing.assert_allclose(karmen.distance(8.7), -0.4 / np.hypot(0.5, 0.8))


@pytest.mark.parametrize("name", ["allowed", "tabulated"])
def test_gradients(name):
    reaction = carbon_to_nitrogen() if name == "allowed" else inclusive_reaction("H2")
    found = check_gradients(reaction, lambda r: r.flux_averaged(FLUX).sum(), rtol=2e-5)
    assert found["scale"] > 0.0
    if name == "allowed":
        # quenching and g_A^2 are the same thing for a Gamow-Teller transition, V_ud^2 for all
        np.testing.assert_allclose(found["axial_coupling"] * 1.2756, 2 * found["scale"], rtol=1e-9)
        np.testing.assert_allclose(found["up_down_mixing"] * 0.97373, 2 * found["scale"], rtol=1e-9)
        np.testing.assert_allclose(found["quenching"], found["scale"], rtol=1e-9)


def test_gradients_of_vectors():
    """Averages are linear in strengths and in the values of a table; finite slopes in energy at each threshold."""
    for reaction, name in ((simple(), "gamow_teller_strength"), (TABLE, "values")):
        leaf = getattr(reaction, name)

        def average(values, reaction=reaction, name=name):
            return dataclasses.replace(reaction, **{name: values}).flux_averaged(FLUX).sum()

        gradient = jax.jit(jax.value_and_grad(average))
        value, slope = gradient(leaf)
        rest, _ = gradient(jnp.zeros_like(leaf))
        np.testing.assert_allclose(np.dot(slope, leaf) + np.asarray(rest), value, rtol=1e-10)
    energies = jnp.array([0.0, 3.5, 3.5 + 1e-12, 5.0, 6.5, 100.0])
    for reaction in (simple(), argon_to_potassium(), TABLE):
        slopes = jax.jit(jax.vmap(jax.grad(reaction.unscaled_cross_section)))(energies)
        assert np.all(np.isfinite(slopes))


def test_spectrum():
    """Events are fluence times nuclei times averages, deposits what masses leave of the energy."""
    water = compound("[H2]2O")
    reactions = {"H2": inclusive_reaction("H2"), "O16": dataclasses.replace(inclusive_reaction("O16"), scale=0.5)}
    interaction = ChargedCurrent(reactions)
    assert interaction.recoil is Recoil.NONE
    expected = sum(
        np.asarray(FLUX.fluence_per_cm2) * 1e-40 * float(water.nuclei_per_kg(name)) * np.asarray(averaged(each, FLUX))
        for name, each in reactions.items()
    )
    _, total = spectrum_and_total(interaction, FLUX, water)
    np.testing.assert_allclose(total, expected, rtol=1e-12)
    line = MonoEnergetic("nu_e", 40.0)
    lone = ChargedCurrent({"argon": argon_to_potassium()})
    spectrum, _ = spectrum_and_total(lone, line, compound("Ar"))
    deposits = np.asarray(spectrum.energy_keV)[np.asarray(spectrum.events)[0] > 0.0]
    np.testing.assert_allclose(deposits, 1e3 * (40.0 - 1.5044023), rtol=1e-9)


def test_float32():
    builds = (carbon_to_nitrogen, lambda: inclusive_reaction("H2"))
    fine = [float(averaged(build(), FLUX)[1]) for build in builds]
    with jax.enable_x64(False):
        flux = PionDecayAtRest(0.08, 1e22, 20.0)
        rough = [averaged(build(), flux)[1] for build in builds]
        assert all(each.dtype == jnp.float32 for each in rough)
    np.testing.assert_allclose(rough, fine, rtol=1e-4)


def test_bad_input():
    with pytest.raises(CevnsjaxError, match=r"fermi_strength must not be negative, got -1 for level 1"):
        simple(fermi_strength=[0.0, -1.0])
    with pytest.raises(CevnsjaxError, match="excitation_MeV must be finite and not decrease"):
        simple(excitation_MeV=[5.0, 2.0])
    with pytest.raises(CevnsjaxError, match="must have one entry for each of excitation_MeV"):
        simple(gamow_teller_strength=[1.0])
    with pytest.raises(CevnsjaxError, match="must add up to zero or more"):
        simple(missing_MeV=-3.0)
    with pytest.raises(CevnsjaxError, match="target must be a symbol and a mass number"):
        simple(target="argon")
    with pytest.raises(CevnsjaxError, match="axial_coupling must be positive"):
        simple(axial_coupling=0.0)
    with pytest.raises(CevnsjaxError, match="proton_number must be from 0 to A = 40"):
        simple(proton_number=41)
    with pytest.raises(UnknownNameError, match="set of strengths"):
        argon_to_potassium("Bhattacharya")
    with pytest.raises(UnknownNameError, match="neutrino"):
        simple().cross_section(jnp.ones(1), "electron")
    with pytest.raises(CevnsjaxError, match="values must not be negative, got -1 at 2 MeV"):
        TabulatedReaction("O16", ("nu_e",), True, 3.0, [1.0, 2.0], [0.0, -1.0])
    with pytest.raises(CevnsjaxError, match="neutral current 'line'"):
        ChargedCurrent({"line": inclusive_reaction("C12-15.11")})
    with pytest.raises(CevnsjaxError, match="at least one reaction"):
        ChargedCurrent({})
    with pytest.raises(UnknownNameError, match="nuclide in this material called 'H2'"):
        ChargedCurrent({"H2": inclusive_reaction("H2")}).nodes(FLUX, compound("Ar"))
