"""Solar neutrinos: probabilities against diagonalised Hamiltonians, moments against the tables, every leaf."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from leaf_gradients import check_gradients
from scipy import constants

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import FLAVOURS, POWERS, SolarOscillation, solar_neutrinos
from cevnsjax.paths import leaf_paths, set_number
from cevnsjax.tables import read_table

YEAR = 3.15576e7
MIXING = {"theta12_sin2": 0.31, "theta13_sin2": 0.05, "theta23_sin2": 0.6, "cp_phase_rad": 1.1}
SPLITTING, ATMOSPHERIC_SPLITTING = 7.4e-5, 2.5e-3


moments = jax.jit(lambda flux, lower: flux.moments(lower))
everything = jax.jit(lambda flux, energies: (flux.moments(energies), flux.fluence_per_cm2, flux.density(energies)))
break_points = jax.jit(lambda flux: flux.break_points_MeV)
probabilities = jax.jit(lambda oscillation, energies, electrons: oscillation.probabilities(energies, electrons))


def mixing_matrix():
    t12, t13, t23 = (np.arcsin(np.sqrt(MIXING[f"theta{index}_sin2"])) for index in (12, 13, 23))
    phase = np.exp(1j * MIXING["cp_phase_rad"])

    def rotation(i, j, angle, phase=1.0):
        matrix = np.eye(3, dtype=complex)
        matrix[i, i] = matrix[j, j] = np.cos(angle)
        matrix[i, j], matrix[j, i] = np.sin(angle) / phase, -np.sin(angle) * phase
        return matrix

    return rotation(1, 2, t23) @ rotation(0, 2, t13, phase) @ rotation(0, 1, t12)


def potential_eV(electrons):
    fermi = constants.value("Fermi coupling constant") * 1e-18  # eV^-2
    hbar_c = constants.hbar * constants.c / constants.e * 100  # eV cm
    return np.sqrt(2) * fermi * electrons * constants.N_A * hbar_c**3


def three_flavours(energy_MeV, electrons, atmospheric_splitting):
    """Sum over mass states of |<i in matter|e>|^2 |<i in vacuum|b>|^2, from the Hamiltonian of three flavours."""
    unitary = mixing_matrix()
    hamiltonian = unitary @ np.diag([0, SPLITTING, atmospheric_splitting]) @ unitary.conj().T / (2e6 * energy_MeV)
    hamiltonian[0, 0] += potential_eV(electrons)
    _, states = np.linalg.eigh(hamiltonian)
    return np.abs(unitary) ** 2 @ np.abs(states[0]) ** 2


@pytest.mark.parametrize("electrons", [0.0, 5.0, 90.0, 1e4])
def test_probabilities_are_those_of_the_hamiltonian(electrons):
    oscillation = SolarOscillation(**MIXING, mass_splitting_eV2=SPLITTING)
    energies = np.array([0.1, 1.0, 3.0, 10.0, 18.0])
    found = np.asarray(probabilities(oscillation, jnp.asarray(energies), jnp.array(electrons)))
    # a third mass far away: what is left out is its share of the matter effect
    far = np.stack([three_flavours(energy, electrons, 1e4) for energy in energies], axis=1)
    np.testing.assert_allclose(found, far, atol=2e-6)
    np.testing.assert_allclose(found.sum(axis=0), 1.0, rtol=1e-15)
    if electrons < 100:
        near = np.stack([three_flavours(energy, electrons, ATMOSPHERIC_SPLITTING) for energy in energies], axis=1)
        np.testing.assert_allclose(found, near, atol=4e-3)


def test_limits_of_vacuum_and_of_matter():
    oscillation, s12, c13 = SolarOscillation(**MIXING), 0.31, 0.95
    vacuum, matter = (float(probabilities(oscillation, jnp.array(5.0), jnp.array(n))[0]) for n in (0.0, 1e9))
    np.testing.assert_allclose(vacuum, c13**2 * (1 - 2 * s12 * (1 - s12)) + 0.05**2, rtol=1e-13)
    np.testing.assert_allclose(matter, c13**2 * s12 + 0.05**2, rtol=1e-6)


@pytest.fixture(scope="module")
def boron():
    return solar_neutrinos(YEAR, None, ("8B",))


def straight_lines(table, power, lower):
    """Integral of the lines between the knots of a table times E^power, in closed form."""
    energy, density = table["energy_MeV"], table["density_per_MeV"]
    e = np.concatenate([[lower] if lower > energy[0] else [], energy[energy > lower]])
    f = np.interp(e, energy, density)
    slope = np.diff(f) / np.diff(e)
    constant = f[:-1] - slope * e[:-1]

    def primitive(p, x):
        return np.log(x) if p == -1 else x ** (p + 1) / (p + 1)

    return sum((factor * np.diff(primitive(p, e))).sum() for factor, p in ((constant, power), (slope, power + 1)))


@pytest.mark.parametrize("source", ["8B", "15O"])
def test_moments_are_those_of_the_table(source):
    table = read_table(f"solar/{source}.csv")
    end, flux = table["energy_MeV"][-1], solar_neutrinos(YEAR, None, (source,))
    lower = np.array([0.0, 0.1, 0.5, 0.83, 0.99, 1.01]) * end
    area, found = straight_lines(table, 0, 0.0), moments(flux, jnp.asarray(lower))[0]
    for index, power in enumerate(POWERS):
        expected = [straight_lines(table, power, x) if x < end else 0.0 for x in lower]
        np.testing.assert_allclose(found[index], np.array(expected) / area, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(break_points(flux)[-1], end)
    assert flux.components == ("nu_e",)


@pytest.mark.parametrize("source", ["pp", "8B", "hep", "13N", "15O", "17F"])
def test_tables_have_unit_area(source):
    np.testing.assert_allclose(straight_lines(read_table(f"solar/{source}.csv"), 0, 0.0), 1.0, rtol=3e-5)


def test_mean_energy_of_boron():
    """Of the whole table in Phys. Rev. C 54, 411, which the packaged one is made of."""
    np.testing.assert_allclose(straight_lines(read_table("solar/8B.csv"), 1, 0.0), 6.735257 / 0.9999865, rtol=1e-6)


def test_boron_shape_is_the_one_of_three_standard_deviations(boron):
    """Share above 10 MeV of the spectra three standard deviations away, from the whole table."""
    lower = jnp.array([0.0, 10.0, 11.0, 12.0, 13.0, 14.0])
    middle, upper, down = (
        np.asarray(moments(set_number(boron, "boron_shape", pull), lower))[0, 0] for pull in (0.0, 3.0, -3.0)
    )
    np.testing.assert_allclose([upper[1] / middle[1] - 1, down[1] / middle[1] - 1], [-0.08885, 0.09106], atol=5e-3)
    np.testing.assert_allclose([upper[0], down[0]], 1.0, rtol=1e-13)


def test_flavours_add_up_and_are_folded(boron):
    oscillation = SolarOscillation()
    flux = solar_neutrinos(YEAR, oscillation, ("8B",))
    assert flux.components == FLAVOURS
    assert flux.antineutrinos == (False,) * 3
    lower = jnp.array([0.0, 4.0, 9.0, 15.0, 16.0, 17.0])
    found, fluence, density = map(np.asarray, everything(flux, lower))
    alone = np.asarray(moments(boron, lower))
    np.testing.assert_allclose(fluence.sum(), 5.46e6 * YEAR, rtol=1e-12)
    np.testing.assert_allclose(np.einsum("c,cpn->pn", fluence / fluence.sum(), found), alone[0], rtol=1e-12)
    table = read_table("solar/8B.csv")
    expected = np.asarray(probabilities(oscillation, lower, jnp.array(87.9)))
    expected = expected * np.interp(lower, table["energy_MeV"], table["density_per_MeV"], left=0.0, right=0.0)
    np.testing.assert_allclose(density * (fluence / fluence.sum())[:, None], expected, rtol=2e-5, atol=1e-7)
    # the product of two smooth functions is smooth: straight lines between knots cost this much
    fine = np.linspace(9.0, 16.36, 200001)
    density = np.interp(fine, table["energy_MeV"], table["density_per_MeV"])
    exact = np.trapezoid(density * three_flavour_survival(fine), fine)
    np.testing.assert_allclose(found[0, 0, 2] * fluence[0] / fluence.sum(), exact, rtol=3e-5)


def three_flavour_survival(energy_MeV):
    """P_ee of the class's docstring, at its default values."""
    s12, s13 = 0.307, 0.02195
    beta = 4e6 * energy_MeV * potential_eV(87.9) * (1 - s13) / 2 / 7.49e-5
    detuning = 1 - 2 * s12 - beta
    cosine = detuning / np.sqrt(detuning**2 + 4 * s12 * (1 - s12))
    return (1 - s13) ** 2 * (0.5 + 0.5 * cosine * (1 - 2 * s12)) + s13**2


def test_lines_are_steps():
    flux = solar_neutrinos(YEAR, None, ("pep", "7Be"))
    energies, fractions = np.array([1.442, 0.3843, 0.8613]), np.array([1.44e8, 0.103 * 4.93e9, 0.897 * 4.93e9])
    lower = np.array([[0.0, 0.3842], [0.3844, 0.8614], [1.4, 1.5]])
    found, fluence, _ = map(np.asarray, everything(flux, jnp.asarray(lower)))
    np.testing.assert_allclose(break_points(flux), np.sort(energies))
    np.testing.assert_allclose(fluence, [fractions.sum() * YEAR], rtol=1e-12)
    for index, power in enumerate(POWERS):
        expected = [(fractions * energies**power)[energies > x].sum() / fractions.sum() for x in lower.ravel()]
        np.testing.assert_allclose(found[0, index].ravel(), expected, rtol=1e-13)
    at, shares = flux.lines
    np.testing.assert_allclose(at, energies)
    np.testing.assert_allclose(shares[0], fractions / fractions.sum(), rtol=1e-13)
    np.testing.assert_array_equal(flux.density(jnp.array([0.5, 1.442])), 0.0)


SOURCES = ("8B", "7Be")


def seen(flux):
    """A number that feels every leaf."""
    moments = flux.moments(jnp.array([0.2, 0.8, 3.0, 11.0]))
    shares = flux.fluence_per_cm2 * jnp.array([1.0, 0.7, 0.4])
    return (shares[:, None] * (moments * jnp.array([1.0, 0.5, 0.2])[None, :, None]).sum(axis=1)).sum() / 1e18


def test_gradient_of_every_leaf():
    gradients = check_gradients(solar_neutrinos(YEAR, SolarOscillation(cp_phase_rad=1.0), SOURCES), seen)
    assert {"oscillation.theta23_sin2", "flux_per_cm2_s.8B", "boron_shape", "norm"} <= gradients.keys()
    assert all(value != 0.0 for value in gradients.values())


def test_gradients_at_the_edges_of_mixing(precision):
    oscillation = SolarOscillation()

    @jax.jit
    @jax.value_and_grad
    def total(oscillation):
        return (
            oscillation.probabilities(jnp.array([1.0, 9.0]), jnp.array(80.0)) * jnp.array([[1.0], [2.0], [4.0]])
        ).sum()

    for name in ("theta12_sin2", "theta13_sin2", "theta23_sin2"):
        for edge in (0.0, 1.0):
            value, gradient = total(set_number(oscillation, name, edge))
            assert np.all(np.isfinite([value, *jax.tree.leaves(gradient)]))


def test_a_flavour_that_does_not_arrive():
    """Without mixing, below the resonance: nothing is normalised by zero."""
    flux = solar_neutrinos(YEAR, SolarOscillation(theta12_sin2=0.0, theta13_sin2=0.0), ("7Be",))
    # step by step: compiled as one program, their share of all rounds to -3e-17
    np.testing.assert_array_equal(flux.fluence_per_cm2[1:], 0.0)
    np.testing.assert_array_equal(np.asarray(flux.moments(jnp.array([0.0, 0.5])))[1:], 0.0)


def test_single_precision():
    arguments = np.array([0.2, 0.9, 3.0, 9.0, 11.0, 15.0])
    double = everything(solar_neutrinos(YEAR, SolarOscillation(), ("8B",)), jnp.asarray(arguments))
    with jax.enable_x64(False):
        flux = solar_neutrinos(YEAR, SolarOscillation(), ("8B",))
        assert all(leaf.dtype == np.float32 for _, leaf in leaf_paths(flux))
        single = everything(flux, jnp.asarray(arguments, dtype=float))
    for one, two in zip(single, double, strict=True):
        assert one.dtype == np.float32
        np.testing.assert_allclose(one, two, rtol=2e-5)


def test_messages_name_the_argument(boron):
    with pytest.raises(UnknownNameError, match="no solar neutrino source called '9B'"):
        solar_neutrinos(YEAR, None, ("9B",))
    with pytest.raises(CevnsjaxError, match="flux_per_cm2_s must name at least one reaction"):
        solar_neutrinos(YEAR, None, ())
    with pytest.raises(CevnsjaxError, match="exposure_s must be positive"):
        solar_neutrinos(0.0, None, ("8B",))
    with pytest.raises(CevnsjaxError, match="theta13_sin2 must be between 0 and 1"):
        SolarOscillation(theta13_sin2=-0.1)
    with pytest.raises(CevnsjaxError, match="mass_splitting_eV2 must be positive"):
        SolarOscillation(mass_splitting_eV2=0.0)
