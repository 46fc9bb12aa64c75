"""Dark matter boosted by cosmic rays in DUNE, JUNO, Super- and Hyper-Kamiokande."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import MagneticDipole
from cevnsjax.experiment import EXPERIMENTS, experiment_kind, named_experiment
from cevnsjax.models import named_model
from cevnsjax.particle import Leptophobic, ScalarDarkMatter, VectorPortal
from cevnsjax.paths import set_paths
from cevnsjax.tables import data_path
from cevnsjax.target import read_levels

LINES = tuple(f"{each}-boosted-lines" for each in ("dune", "juno", "super-k", "hyper-k"))
RECOILS = tuple(each.removesuffix("-lines") for each in LINES)
PARTICLE = "sources.halo.flux.dark_matter."
EVERY = [
    name if name == "juno-boosted-lines" else pytest.param(name, marks=pytest.mark.slow) for name in (*LINES, *RECOILS)
]


@functools.cache
def with_model(name, model="vector-portal-dirac-dm"):
    return named_model(model).prepared(named_experiment(name))


def counts(experiment, leaves, values):
    """Counts of everything but the background."""
    found = set_paths(experiment, [f"{PARTICLE}{each}" for each in leaves], [values[i] for i in range(len(leaves))])
    return sum(jnp.sum(each) for name, each in found.contributions().items() if name != "steady_state")


@pytest.mark.parametrize("name", EVERY)
def test_data_are_the_background_alone(name):
    assert experiment_kind(name) == "projection"
    experiment = EXPERIMENTS[name]()
    assert float(sum(each.sum() for key, each in experiment.contributions().items() if key != "steady_state")) == 0.0
    assert float(experiment.contributions()["steady_state"].sum()) > 1e3
    for model in ("vector-portal-dm", "vector-portal-dirac-dm", "dark-photon-dm", "leptophobic-dm"):
        assert named_model(model).accepts(experiment.unplaced()), model
    assert not named_model("vector-portal-inelastic-dm").accepts(experiment.unplaced())


@pytest.mark.parametrize("model", ["vector-portal-dirac-dm", "leptophobic-dm"])
def test_lines_are_an_integral_over_energies(model):
    """Flux times cross sections of all levels, by the trapezoidal rule in ln T."""
    experiment = with_model("juno-boosted-lines", model)
    flux, target = experiment.sources["halo"].flux, experiment.target
    particle, lines = flux.dark_matter, experiment.interactions["lines"]

    @eqx.filter_jit
    def rates(flux, kinetic):
        of_levels = lines.level_cross_sections(particle.mass_MeV + kinetic, particle, target.nuclides["C12"])
        return (flux.flux(kinetic).sum(axis=0) * kinetic)[:, None] * of_levels

    kinetic = jnp.geomspace(10.0, 9e4, 1500)
    per_s = np.trapezoid(np.asarray(rates(flux, kinetic)), np.log(np.asarray(kinetic)), axis=0)
    targets = float(target.nuclei_per_kg("C12") * experiment.mass_kg * experiment.exposure_days) * 86400.0
    found = experiment.spectrum("lines", "halo").flat()
    np.testing.assert_allclose(np.asarray(found.energy_keV), 1e3 * np.asarray(target.levels["C12"].energy_MeV))
    assert per_s.sum() > 0.0
    np.testing.assert_allclose(found.events.sum(axis=0), 1e-40 * per_s * targets, rtol=3e-4, atol=1e-12 * per_s.max())


def test_gradients_and_powers_of_couplings():
    """Cosmic rays and the detector each take epsilon^2 alpha_D."""
    experiment, leaves = with_model("juno-boosted-lines"), ("mass_MeV", "mass_ratio", "portal.Y", "portal.alpha_D")

    def log_counts(logs):
        return jnp.log(counts(experiment, leaves, jnp.exp(logs)))

    middle = jnp.log(jnp.asarray([8.0, 3.0, 1e-10, 0.5]))
    step = 1e-5
    at = jnp.concatenate([middle[None], middle[None] + step * jnp.eye(4), middle[None] - step * jnp.eye(4)])
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(log_counts)))(at)
    np.testing.assert_allclose(slopes[0], (values[1:5] - values[5:]) / (2.0 * step), rtol=1e-4, atol=1e-6)
    # Y = epsilon^2 alpha_D/ratio^4, so at fixed Y no power of alpha_D is left
    np.testing.assert_allclose(slopes[0, 2:], [2.0, 0.0], atol=1e-6)


def test_a_boson_of_baryon_number_does_not_excite_oxygen():
    """Its one level is isovector; a dark photon does."""
    levels = read_levels(data_path("nuclear/oxygen_16_m1.csv"))
    np.testing.assert_allclose(levels.magnetic_dipole_up_muN2, [1.3636], rtol=1e-5)
    photon, baryon = (ScalarDarkMatter(5.0, each) for each in (VectorPortal(1e-3), Leptophobic(1e-6)))
    assert float(MagneticDipole().strength(baryon, levels)[0]) == pytest.approx(0.0, abs=1e-20)
    assert float(MagneticDipole().strength(photon, levels)[0]) > 0.0


@pytest.mark.slow
def test_finite_in_single_precision():
    with jax.enable_x64(False):
        experiment = named_model("vector-portal-dm").prepared(named_experiment("juno-boosted-lines"))
        at = jnp.asarray([[1.0, 1e-9], [150.0, 1e-15], [10.0, 0.0]], dtype=float)
        run = jax.jit(jax.vmap(jax.value_and_grad(lambda v: counts(experiment, ("mass_MeV", "portal.Y"), v))))
        values, slopes = run(at)
        assert values.dtype == np.float32
        assert np.all(np.isfinite(values))
        assert np.all(np.isfinite(slopes))
        assert float(values[0]) > 0.0


@pytest.mark.slow
@pytest.mark.parametrize("name", RECOILS)
def test_recoils_do_not_move_with_twice_the_nodes(name):
    """To what kinks of the tables of cosmic rays leave."""
    leaves = ("mass_MeV", "portal.epsilon")
    experiment = with_model(name, "dark-photon-dm")
    one, two = (
        [float(counts(each, leaves, jnp.asarray([mass, 1e-3]))) for mass in (1.0, 60.0)]
        for each in (experiment, experiment.placed(2))
    )
    np.testing.assert_allclose(one, two, rtol=1e-4)
