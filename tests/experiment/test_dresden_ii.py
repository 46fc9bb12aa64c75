"""Dresden-II: samples and totals, the signal against another quadrature, gradients in the quenching factor."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.experiment import dresden_ii, dresden_ii_lindhard, named_experiment
from cevnsjax.paths import get_path, set_paths
from cevnsjax.quenching import ConstantQuenching, ModifiedLindhard
from cevnsjax.tables import read_table

PREDICTION = eqx.filter_jit(lambda e: (e.contributions(), e.expected(), e.log_likelihood()))
POINTS = np.array([[0.162, 0.0], [0.157, -1.5e-4], [0.18, -2.7e-4], [0.15, 2.03e-5], [0.17, 9.07e-5]])
STEPS = np.array([[2e-6, 0.0], [0.0, 2e-10]])
ALONG_Q = np.linspace(-5e-4, 1e-4, 301)


@pytest.fixture(scope="module")
def lindhard():
    return dresden_ii_lindhard()


@pytest.fixture(scope="module")
def prediction(lindhard):
    return PREDICTION(lindhard)


def test_data(lindhard):
    """The sums that data/build/dresden_ii.py checks in the release: rates and errors, on and off."""
    observed = np.asarray(lindhard.observed)
    assert observed.shape == (2, 130, 1)
    table = read_table("dresden_ii/spectrum.csv")
    for index, state in enumerate(("on", "off")):
        np.testing.assert_array_equal(observed[index, :, 0], table[f"{state}_rate_per_day"])
        np.testing.assert_array_equal(
            np.asarray(get_path(lindhard, "likelihood.error"))[index, :, 0], table[f"{state}_rate_error_per_day"]
        )
    assert lindhard.axes[0].edges[::130] == (0.2, 1.5)
    np.testing.assert_array_equal(dresden_ii(reactor_off=False).observed, observed[:1])


def test_samples(lindhard, prediction):
    contributions, expected, log_likelihood = prediction
    on = sum(np.asarray(contributions[name]) for name in ("cevns", "neutrons", "lines", "steady"))
    off = sum(np.asarray(contributions[name]) for name in ("off_lines", "steady"))
    np.testing.assert_allclose(expected, [on, off], rtol=1e-12)
    table = read_table("dresden_ii/spectrum.csv")
    pulls = [
        (np.asarray(expected)[i, :, 0] - table[f"{s}_rate_per_day"]) / table[f"{s}_rate_error_per_day"]
        for i, s in enumerate(("on", "off"))
    ]
    chi2 = np.sum(np.square(pulls))
    np.testing.assert_allclose(float(log_likelihood), -0.5 * chi2, rtol=1e-10)
    assert chi2 < 2.0 * 260  # start values describe the data


def test_signal_is_the_recoil_density_folded(lindhard, prediction):
    """Another quadrature in recoil energy, SciPy's normal distribution, and the unquenched density of the package."""
    recoil_keV = np.linspace(0.02, 4.6, 3001)
    interaction, flux = lindhard.interactions["cevns"], lindhard.sources["reactor"].flux
    density = eqx.filter_jit(interaction.recoil_density)(jnp.asarray(recoil_keV), flux, lindhard.target)
    density = np.asarray(density).sum(axis=0)
    energy_keV = np.asarray(lindhard.quenching(jnp.asarray(recoil_keV)))[:, None]
    sigma_keV = np.sqrt(0.0685**2 + 0.11 * 0.00296 * energy_keV)
    fractions = np.diff(norm.cdf((np.asarray(lindhard.response.edges_keV)[None, :] - energy_keV) / sigma_keV), axis=1)
    folded = 2.924 * np.trapezoid(density[:, None] * fractions, recoil_keV, axis=0)
    # the lower end, 20 eV, differs by some per cent among the isotopes
    np.testing.assert_allclose(prediction[0]["cevns"][:, 0], folded, rtol=2e-3, atol=1e-3)


def test_lines_scale_with_l1(lindhard):
    """An M shell of 0.16 of L1, at 0.158 keV where L1 is at 1.297 keV."""
    paths = [f"backgrounds.lines.lines.{name}" for name in ("Zn65.events", "Ge71.satellites.L2.fraction")]
    paths += ["backgrounds.lines.centroid_keV", "backgrounds.lines.width_keV", "backgrounds.lines.lines.Ge71.events"]
    moved = set_paths(lindhard, paths, [jnp.array(value) for value in (0.0, 0.0, 1.297, 0.07, 1e3)])
    lines = np.asarray(moved.contributions()["lines"])
    edges = np.asarray(lindhard.response.edges_keV)
    expected = 1e3 * (np.diff(norm.cdf(edges, 1.297, 0.07)) + 0.16 * np.diff(norm.cdf(edges, 0.158, 0.07)))
    np.testing.assert_allclose(lines[:, 0], expected, rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def log_likelihoods(lindhard):
    """Values and gradients in k and q: at points and beside them, and along q."""

    def function(values):
        return set_paths(lindhard, ["quenching.k", "quenching.q"], list(values)).log_likelihood()

    moved = [POINTS + multiple * step for step in STEPS for multiple in (1, -1)]
    line = np.stack([np.full_like(ALONG_Q, 0.162), ALONG_Q], axis=1)
    everywhere = jnp.asarray(np.concatenate([POINTS, *moved, line]))
    values, gradients = map(np.asarray, jax.jit(jax.vmap(jax.value_and_grad(function)))(everywhere))
    beside = 5 * len(POINTS)
    return (values[:beside].reshape(5, -1), gradients[: len(POINTS)]), (values[beside:], gradients[beside:])


def test_gradients_in_k_and_q(log_likelihoods):
    """Also through q = 0, and for q > 0 where recoils below a cut-off give nothing."""
    values, gradients = log_likelihoods[0]
    differences = [(values[1 + 2 * i] - values[2 + 2 * i]) / (2.0 * STEPS[i, i]) for i in range(2)]
    np.testing.assert_allclose(gradients, np.transpose(differences), rtol=1e-5)


def test_gradients_are_finite_along_q(log_likelihoods):
    """Nodes cross the cut-off here; the likelihood jumps by less than what a fit can see."""
    values, gradients = log_likelihoods[1]
    assert np.all(np.isfinite(values))
    assert np.all(np.isfinite(gradients))
    rise = 0.5 * np.diff(ALONG_Q) * (gradients[1:, 1] + gradients[:-1, 1])
    assert np.abs(np.diff(values) - rise).max() < 0.03


@pytest.mark.slow
def test_float32(prediction):
    with jax.enable_x64(False):
        single = PREDICTION(dresden_ii_lindhard())[0]["cevns"]
        assert single.dtype == np.float32
    np.testing.assert_allclose(single, prediction[0]["cevns"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("reactor_off", [True, False])
def test_nuisances_have_leaves(reactor_off):
    for experiment in (dresden_ii(reactor_off=reactor_off), dresden_ii_lindhard(reactor_off)):
        for parameter in experiment.nuisances:
            for path in parameter.paths:
                start = get_path(experiment, path)
                assert start.shape == ()
                assert np.isfinite(float(parameter.prior.log_prob(start))), parameter.name


def test_choices_of_quenching():
    iron, photoneutron = dresden_ii().quenching, dresden_ii("photoneutron").quenching
    table = read_table("dresden_ii/quenching.csv")
    recoil_keV = jnp.array([0.3, 1.0])
    for quenching, column in ((iron, "iron_filter_quenching"), (photoneutron, "photoneutron_quenching")):
        np.testing.assert_allclose(quenching(recoil_keV), recoil_keV * table[column][np.array([30, 100])], rtol=1e-12)
    assert dresden_ii(ConstantQuenching(0.2)).quenching == ConstantQuenching(0.2)
    with pytest.raises(UnknownNameError, match="iron-filter"):
        dresden_ii("iron-filtr")


def test_catalogue():
    assert named_experiment("dresden-ii").name == "dresden-ii"
    named = named_experiment("dresden-ii-lindhard")
    assert {"quenching_k", "quenching_q", "reactor_flux_norm"} <= {p.name for p in named.nuisances}
    assert isinstance(named.quenching, ModifiedLindhard)


def test_bad_input(lindhard):
    with pytest.raises(CevnsjaxError, match=r"observed must have the shape \(2, 130, 1\)"):
        dataclasses.replace(lindhard, observed=lindhard.observed[:1])
    with pytest.raises(CevnsjaxError, match="mass_kg must be positive"):
        dataclasses.replace(lindhard, mass_kg=-2.924)


@pytest.mark.slow
@pytest.mark.parametrize("build", [dresden_ii, dresden_ii_lindhard])
def test_recoil_floor_is_the_cut(build):
    """What lies between two floors is what the counts lose, by SciPy; nominally 20 eV for both."""
    experiment = build()
    assert float(experiment.quenching.recoil_floor_keV) == 0.02
    interaction, flux = experiment.interactions["cevns"], experiment.sources["reactor"].flux

    @eqx.filter_jit
    def rate(recoil_keV):
        density = interaction.recoil_density(recoil_keV[None], flux, experiment.target).sum(axis=0)
        return density[0] * experiment.response.kernel(experiment.quenching(recoil_keV[None]))[0].sum()

    def total(floor_keV):
        moved = set_paths(experiment, ["quenching.recoil_floor_keV"], [jnp.asarray(floor_keV)]).placed()
        return float(PREDICTION(moved)[0]["cevns"].sum())

    low_keV, high_keV = 0.4, 1.1
    lost, _ = quad(
        lambda t: float(rate(jnp.asarray(t))), low_keV, high_keV, points=np.linspace(0.45, 1.05, 13), epsrel=1e-8
    )
    found = total(low_keV) - total(high_keV)
    assert found > 0.1
    np.testing.assert_allclose(found, float(experiment.mass_kg) * lost, rtol=1e-6)
