"""A quenching factor with a kink that moves: Dresden-II's (k, q) against a quadrature that ends panels at the kink."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.integrate import cumulative_simpson
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.stats import norm

from cevnsjax.arrays import as_float
from cevnsjax.experiment import describe_frozen, dresden_ii_lindhard, named_experiment
from cevnsjax.experiment.kinked_events import KinkedEvents, furthest_kink_keV, largest_ionisation_keV, moving_kink_keV
from cevnsjax.inference import build_model
from cevnsjax.paths import set_paths
from cevnsjax.quenching import Lindhard, ModifiedLindhard
from cevnsjax.response import GaussianResponse, Resolution, SplitResponse

FLOOR_KEV = 0.02
POINTS = [  # no offset; recoils that are all ionisation; none; both where the kink is next to the floor
    (0.162, 0.0),
    (0.162, -5e-4),
    (0.149, -2.4e-4),
    (0.171, -6.3e-5),
    (0.155, 1e-4),
    (0.17, 1.3e-5),
]


@pytest.fixture(scope="module")
def experiment():
    return dresden_ii_lindhard()


@pytest.fixture(scope="module")
def model(experiment):
    return build_model(experiment, "sm")


@eqx.filter_jit
def signal(model, k, q):
    return model.at({"quenching_k": k, "quenching_q": q}).contributions()["cevns"][:, 0]


def energies_keV(recoil_keV, k, q):
    """E_I by hand: T Q_L(T) plus the offset, between zero and T."""
    reduced = 11.5 * 32 ** (-7.0 / 3.0) * recoil_keV
    stopping = k * (3.0 * reduced**0.15 + 0.7 * reduced**0.6 + reduced)
    energy = recoil_keV * stopping / (1.0 + stopping) - q * 32 ** (7.0 / 3.0) / 11.5
    return np.clip(energy, 0.0, recoil_keV)


@pytest.fixture(scope="module")
def density(experiment):
    """Recoils per keV and day as a spline, fine enough for every bin."""
    recoil_keV = np.geomspace(0.9 * FLOOR_KEV, 8.0, 6001)
    interaction, flux = experiment.interactions["cevns"], experiment.sources["reactor"].flux
    found = eqx.filter_jit(interaction.recoil_density)(jnp.asarray(recoil_keV), flux, experiment.target)
    return CubicSpline(np.log(recoil_keV), 2.924 * recoil_keV * np.asarray(found).sum(axis=0))


def by_hand(density, k, q, edges):
    """Gauss-Legendre between many points in the logarithm of the recoil energy, the kink among them."""
    kinks = [FLOOR_KEV]

    def offset(recoil):
        return energies_keV(recoil, k, 0.0) - q * 32 ** (7.0 / 3.0) / 11.5

    if q > 0.0 and offset(FLOOR_KEV) < 0.0:
        kinks.append(brentq(offset, FLOOR_KEV, 5.0, xtol=1e-15))
    if q < 0.0 and offset(FLOOR_KEV) > FLOOR_KEV:
        kinks.append(brentq(lambda recoil: offset(recoil) - recoil, FLOOR_KEV, 5.0, xtol=1e-15))
    ends = np.unique(np.concatenate([np.log(kinks), np.linspace(np.log(FLOOR_KEV), np.log(8.0), 200)]))
    x, w = np.polynomial.legendre.leggauss(8)
    half = 0.5 * np.diff(ends)[:, None]
    places = (ends[:-1, None] + half * (1.0 + x)).ravel()
    energy = energies_keV(np.exp(places), k, q)
    sigma = np.sqrt(0.0685**2 + 0.11 * 0.00296 * energy)
    fractions = np.diff(norm.cdf((edges[:, None] - energy) / sigma), axis=0) * (energy > 0.0)
    return fractions @ (density(places) * (half * w).ravel())


@pytest.mark.parametrize(("k", "q"), POINTS)
def test_signal_is_that_by_hand(model, density, k, q):
    found = np.asarray(signal(model, as_float(k), as_float(q)))
    expected = by_hand(density, k, q, np.asarray(model.experiment.response.edges_keV))
    # what the isotopes' own end points and the 20 eV cut leave to the spline
    np.testing.assert_allclose(found, expected, rtol=0, atol=3e-6 * expected.max())


def test_gradients(model):
    """Against differences, between and on either side of where the kink is at the floor."""
    for k, q in [(0.162, -4.99e-4), *POINTS[2:4], (0.155, 9.9e-5), POINTS[5]]:
        slopes = jax.jacfwd(lambda at: signal(model, *at))(as_float([k, q]))
        for leaf, step in enumerate((1e-6, 1e-9)):
            moved = step * np.eye(2)[leaf]
            above, below = (signal(model, *as_float([k, q] + sign * moved)) for sign in (1.0, -1.0))
            differences = np.asarray(above - below) / (2.0 * step)
            np.testing.assert_allclose(slopes[:, leaf], differences, rtol=0, atol=1e-5 * np.abs(differences).max())


def test_likelihood_does_not_jump(model):
    """From node to node: what a slope says of it is what it does."""

    def log_likelihood(q):
        return model.log_likelihood({**model.reference_values, "quenching_q": q})

    along = np.linspace(-5e-4, 1e-4, 801)
    values, slopes = map(np.asarray, jax.jit(jax.vmap(jax.value_and_grad(log_likelihood)))(as_float(along)))
    rise = np.diff(cumulative_simpson(slopes, x=along, initial=0.0))
    # where the kink leaves the floor the slope has a step
    leaves = energies_keV(FLOOR_KEV, 0.162, 0.0) * 11.5 * 32 ** (-7.0 / 3.0)
    away = np.abs(along[1:] - leaves) > 2e-6
    assert away.sum() > 790
    assert np.abs(np.diff(values) - rise)[away].max() < 2e-6


def test_float32(model, experiment):
    with jax.enable_x64(False):
        single = build_model(dresden_ii_lindhard(), "sm")
        for k, q in POINTS:
            found = np.asarray(signal(single, as_float(k), as_float(q)))
            assert found.dtype == np.float32
            with jax.enable_x64(True):
                expected = np.asarray(signal(model, as_float(k), as_float(q)))
            np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * expected.max())


def test_is_said(model):
    words = " ".join(describe_frozen(model.experiment).values())
    assert "kink" in words


def test_furthest():
    quenching = ModifiedLindhard(0.162, 0.0, 32)
    kinks = [moving_kink_keV(ModifiedLindhard(k, q, 32)) for k in (0.15, 0.17) for q in (-3e-4, 1e-5)]
    ranges = {"k": (0.15, 0.17), "q": (-3e-4, 1e-5)}
    furthest = furthest_kink_keV(quenching, ranges)
    assert furthest == pytest.approx(1.001 * max(kinks))
    largest = energies_keV(np.array(furthest), 0.17, -3e-4)
    assert largest_ionisation_keV(quenching, ranges, furthest) == pytest.approx(float(largest))
    assert furthest_kink_keV(quenching, {}) == 0.0
    assert furthest_kink_keV(Lindhard(0.162, 32), {"k": (0.1, 0.2)}) == 0.0


def test_stays_exact_where_priors_are_not_known_or_the_floor_moves(experiment):
    """What is tabulated between ends needs ends, and a floor that stays."""
    path = "quenching.recoil_floor_keV"
    free = [path, "quenching_k", "quenching_q"]
    model = build_model(experiment, "sm", free=free, priors={path: dist.Uniform(0.01, 0.03)})
    assert not model.experiment.frozen.kinked


@pytest.mark.parametrize("k", [0.1, 0.12, 0.1458, 0.19])
def test_of_another_quenching_factor(silicon, k):
    """CONNIE: where Sarkis' energy reaches zero, against nodes that are placed for each k."""
    experiment, model = silicon
    placed = set_paths(experiment, ["quenching.k"], [as_float(k)]).placed()
    expected = np.asarray(counts(placed))
    found = np.asarray(counts(model.at({"silicon_k": k})))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * expected.max())


@eqx.filter_jit
def counts(experiment):
    return experiment.contributions()["cevns"]


@pytest.fixture(scope="module")
def silicon():
    experiment = named_experiment("connie")
    model = build_model(experiment, "sm")
    assert model.experiment.frozen.kinked
    return experiment, model


def test_of_a_response_that_is_split_afterwards():
    """Bins in energy and a second observable: what is summed is in front of the split, here without a kink."""
    inner = GaussianResponse(np.linspace(1.0, 6.0, 6), Resolution(0.5))
    split = SplitResponse(inner, np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0], [3.0, 1.0], [1.0, 3.0]]))
    ends_keV, largest_keV = (4.0, 10.0), 4.0
    abscissae, weights = np.polynomial.legendre.leggauss(40)
    low, high = np.log(ends_keV)
    recoil_keV = np.exp(0.5 * (low + high) + 0.5 * (high - low) * abscissae)
    quenching = ModifiedLindhard(0.11, 0.0, 18)
    events = KinkedEvents.of(weights[None, :], recoil_keV, split, ends_keV, largest_keV)
    assert events is not None
    expected = weights @ np.asarray(split.columns(quenching(jnp.asarray(recoil_keV))))
    np.testing.assert_allclose(events.columns(quenching)[0], expected, rtol=0, atol=1e-8 * expected.max())
