"""Gradients: against differences for every leaf, finite everywhere, forward as reverse, float32 as float64."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import NSI
from cevnsjax.experiment import coherent_csi_2021, poisson_log_likelihood
from cevnsjax.inference import build_model
from cevnsjax.paths import get_path, leaf_paths, set_paths

pytestmark = pytest.mark.usefixtures("standard_promotion")

MODELS = ("sm", "nsi")
# Data, edges and tabulated templates are no parameters.
NOT_FREE = ("observed", "edges_PE", "edges_us", "counts", "energy_shape", "frozen")


@functools.cache
def model(name):
    with jax.numpy_dtype_promotion("standard"):
        return build_model(coherent_csi_2021(), name)


@pytest.fixture(scope="module")
def experiment():
    """The experiment with every kind of coupling, a little off the nominal point.

    Off it, because neutron templates are made of straight lines and have their kinks at the edges of the time bins.
    """
    csi = coherent_csi_2021()
    csi = csi.with_interactions({"cevns": csi.interactions["cevns"].with_terms({"nsi": NSI()})})
    moved = {
        "backgrounds.brn.times.shift_us": 0.0523,
        "backgrounds.nin.times.shift_us": 0.0317,
        "quenching.first_component": 0.2,
        "quenching.second_component": -0.3,
        "response.efficiency.shift": 0.1,
    }
    # no coupling at zero, where the derivative of its square would vanish
    entries = ("ee", "mumu", "tautau", "emu_real", "emu_imag", "etau_real", "etau_imag", "mutau_real", "mutau_imag")
    for sign, quark in ((1, "up"), (-1, "down")):
        moved |= {
            f"interactions.cevns.terms.nsi.{quark}.{entry}": sign * 0.02 * (index + 1)
            for index, entry in enumerate(entries)
        }
    return set_paths(csi, list(moved), [jnp.array(value) for value in moved.values()])


def free_leaves(experiment):
    return [path for path, _ in leaf_paths(experiment) if path.rsplit(".", maxsplit=1)[-1] not in NOT_FREE]


def step_of(path, value):
    """A step that is small against the scale on which the leaf changes counts.

    The grid of a neutron template has a kink every 0.01 us, so its steps stay far below.
    """
    if path.endswith(("shift_us", "start_us", "bin_width_us")):
        return 1e-7 if path.endswith("bin_width_us") else 1e-4
    if path.endswith("mean_us"):
        return 1e-4
    return 1e-3 * abs(value) if value else 1e-3


def test_every_leaf_against_differences(experiment):
    paths = free_leaves(experiment)
    assert len(paths) > 65
    leaves = [get_path(experiment, path) for path in paths]

    def log_likelihood(leaves):
        return poisson_log_likelihood(set_paths(experiment, paths, leaves).expected(), experiment.observed)

    gradients = jax.jit(jax.grad(log_likelihood))(leaves)
    points, places = [], []
    for index, (path, leaf) in enumerate(zip(paths, leaves, strict=True)):
        for entry in np.ndindex(leaf.shape):
            step = step_of(path, float(leaf[entry]))
            places.append((path, index, entry, step))
            for multiple in (-2, -1, 1, 2):
                points.append([np.array(other) for other in leaves])
                points[-1][index][entry] += multiple * step
    stacked = [jnp.asarray(np.stack(column)) for column in zip(*points, strict=True)]
    values = np.asarray(jax.jit(lambda p: jax.lax.map(log_likelihood, p, batch_size=16))(stacked)).reshape(-1, 4)
    rounding = 1e-13 * abs(float(log_likelihood(leaves)))
    failures = []
    for (path, index, entry, step), (far_below, below, above, far_above) in zip(places, values, strict=True):
        difference = (8 * (above - below) - (far_above - far_below)) / (12 * step)
        gradient = float(gradients[index][entry])
        assert np.isfinite(gradient), path
        if abs(gradient - difference) > 1e-5 * abs(difference) + rounding / step:
            failures.append((path, entry, gradient, difference))
    assert not failures


def test_leaves_without_influence_have_zero_gradient(experiment):
    """There are no tau neutrinos in the beam, and the tau-tau NSI are theirs."""
    paths = ["interactions.cevns.terms.sm.charge_radius_tau", "interactions.cevns.terms.nsi.up.tautau"]

    def total(values):
        return set_paths(experiment, paths, values).signal().sum()

    np.testing.assert_array_equal(jax.grad(total)([jnp.array(0.007), jnp.array(0.1)]), 0.0)


def values_of(name, latents):
    return jax.vmap(model(name).from_latent)(latents)


def prior_draws(name, number):
    return values_of(name, model(name).prior_latents(jax.random.key(11), number))


def edges(name):
    """Every parameter at the edges of its prior (four standard deviations where it has none), others at their start."""
    start = {key: float(value) for key, value in model(name).reference_values.items()}
    points = []
    for parameter in model(name).parameters:
        support = parameter.prior.support
        low, high = (getattr(support, f"{side}_bound", None) for side in ("lower", "upper"))
        width = float(np.std(np.asarray(parameter.prior.sample(jax.random.key(0), (500,)))))
        middle = start[parameter.name]
        points.append({**start, parameter.name: middle - 4 * width if low is None else float(low)})
        points.append({**start, parameter.name: middle + 4 * width if high is None else float(high)})
    return {key: jnp.array([point[key] for point in points]) for key in start}


def assert_finite(name, values):
    density, gradient = jax.jit(lambda v: model(name).log_density_and_gradient(v))(values)
    assert np.all(np.isfinite(density))
    for key, each in gradient.items():
        assert np.all(np.isfinite(each)), key


@pytest.mark.parametrize("name", MODELS)
def test_finite_over_the_prior(name):
    draws, ends = prior_draws(name, 300), edges(name)
    assert_finite(name, {key: jnp.concatenate([draws[key], ends[key]]) for key in draws})


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_finite_over_ten_thousand_draws(name):
    assert_finite(name, prior_draws(name, 10_000))


@pytest.mark.parametrize("name", MODELS)
def test_density_against_differences(name):
    """The log-density of the named models at the nominal point and at three draws."""
    log_density = jax.jit(lambda v: model(name).log_density(v))
    gradient = jax.jit(jax.grad(lambda v: model(name).log_density(v)))
    draws = prior_draws(name, 3)
    points = [model(name).reference_values] + [{key: value[i] for key, value in draws.items()} for i in range(3)]
    # the edge of a prior has no difference on both sides, and the kinks of the templates sit at zero delay
    points[0] = {**points[0], "brn_delay": jnp.array(0.0523), "nin_delay": jnp.array(0.0317)}
    for point in points:
        found = gradient(point)
        for key, value in point.items():
            special = {"brn_delay": 1e-6, "nin_delay": 1e-6, "arrival_time": 1e-4}
            step = special.get(key, 1e-3 * max(abs(float(value)), 1e-2))
            below, above, far_below, far_above = (
                float(log_density({**point, key: value + multiple * step})) for multiple in (-1, 1, -2, 2)
            )
            difference = (8 * (above - below) - (far_above - far_below)) / (12 * step)
            noise = 3e-13 * abs(below) / step
            assert float(found[key]) == pytest.approx(difference, rel=1e-5, abs=noise), key


def test_forward_mode_is_reverse_mode_for_every_leaf(experiment):
    paths = [path for path in free_leaves(experiment) if get_path(experiment, path).shape == ()]

    def counts(leaves):
        return set_paths(experiment, paths, leaves).expected().sum(axis=(1, 2))

    leaves = [get_path(experiment, path) for path in paths]
    reverse, forward = jax.jit(jax.jacrev(counts))(leaves), jax.jit(jax.jacfwd(counts))(leaves)
    for path, left, right in zip(paths, reverse, forward, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-12 * 1e3, err_msg=path)


RADII = tuple(
    f"target.nuclides.{nuclide}.{kind}_form_factor.rms_radius_fm"
    for nuclide in ("Cs133", "I127")
    for kind in ("proton", "neutron")
)
SM = "interactions.cevns.terms.sm."
COUPLINGS = (
    SM + "neutron_coupling",
    SM + "proton_coupling_base",
    SM + "charge_radius_e",
    SM + "charge_radius_mu",
    SM + "charge_radius_tau",
)
EDGE_CASES = {
    "no couplings": dict.fromkeys(COUPLINGS, 0.0) | {SM + "weak_mixing_angle_sin2": 0.23863},
    "no signal": {"signal_norm": 0.0},
    "efficiency +4": {"response.efficiency.shift": 4.0},
    "efficiency -4": {"response.efficiency.shift": -4.0},
    "radii 0.5 fm": dict.fromkeys(RADII, 0.5),
    "radii 10 fm": dict.fromkeys(RADII, 10.0),
    "arrival at 0": {"arrival.pulse.mean_us": 0.0},
    "arrival at 1": {"arrival.pulse.mean_us": 1.0},
    "delays 0": {"backgrounds.brn.times.shift_us": 0.0, "backgrounds.nin.times.shift_us": 0.0},
    "delays 0.1": {"backgrounds.brn.times.shift_us": 0.1, "backgrounds.nin.times.shift_us": 0.1},
    "quenching +4": {"quenching.first_component": 4.0, "quenching.second_component": 4.0},
    "quenching -4": {"quenching.first_component": -4.0, "quenching.second_component": -4.0},
    "nodes from zero": {"panels.lowest_energy_MeV": 0.0},
}


@functools.cache
def gradient_of_all_leaves():
    """Gradient of the log-likelihood in all leaves, as a function of the experiment."""

    @eqx.filter_jit
    def evaluate(experiment):
        paths = [path for path in free_leaves(experiment) if get_path(experiment, path).shape == ()]

        def log_likelihood(leaves):
            return poisson_log_likelihood(set_paths(experiment, paths, leaves).expected(), experiment.observed)

        return jax.value_and_grad(log_likelihood)([get_path(experiment, path) for path in paths])

    return evaluate


@pytest.mark.parametrize("name", EDGE_CASES)
def test_edge_cases(name, precision):
    csi = coherent_csi_2021()
    csi = csi.with_interactions({"cevns": csi.interactions["cevns"].with_terms({"nsi": NSI()})})
    moved = EDGE_CASES[name]
    csi = set_paths(csi, list(moved), [jnp.asarray(value, dtype=float) for value in moved.values()])
    value, gradients = gradient_of_all_leaves()(csi)
    assert value.dtype == np.dtype(precision)
    assert np.isfinite(float(value))
    assert np.all(np.isfinite(np.array(gradients)))
    if name in ("no couplings", "no signal"):
        assert float(csi.signal().sum()) == 0.0


def single_and_double(name, values):
    def evaluate(single):
        with jax.enable_x64(not single):
            built = build_model(coherent_csi_2021(), name)
            converted = {key: jnp.asarray(value, dtype=float) for key, value in values.items()}
            density, gradient = jax.jit(lambda v: built.log_density_and_gradient(v))(converted)
            gradients = np.stack([np.asarray(gradient[key], dtype=np.float64) for key in built.names])
            return np.asarray(density, dtype=np.float64), gradients

    return evaluate(True), evaluate(False)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_float32_over_the_prior(name):
    """Draws that float32 can represent, so that both precisions are asked at the same points.

    Measured over 1000 draws: the log-density is off by less than 4e-4 (sm, sm-sw2), where it goes down to -750, and by
    1e-6 of itself (nsi, down to -10000). A gradient is measured in prior widths, since the units of parameters differ
    by orders of magnitude: less than 7e-6 of its largest component. What limits both is the rounding of the response's
    exponent.
    """
    values = {key: np.asarray(value).astype(np.float32) for key, value in prior_draws(name, 1000).items()}
    (single, single_gradient), (double, double_gradient) = single_and_double(name, values)
    assert np.all(np.abs(single - double) < 1e-3 + (1.5e-6 * np.abs(double) if name == "nsi" else 0.0))
    widths = np.array([values[key].astype(float).std() for key in model(name).names])[:, None]
    error = np.abs(single_gradient - double_gradient) * widths
    assert np.all(error < 1e-5 * np.abs(double_gradient * widths).max(axis=0))


def test_float32_at_the_nominal_point():
    values = {key: np.asarray(value)[None].astype(np.float32) for key, value in model("nsi").reference_values.items()}
    (single, single_gradient), (double, double_gradient) = single_and_double("nsi", values)
    assert np.abs(single - double).max() < 3e-4
    assert np.abs(single_gradient - double_gradient).max() < 1e-5 * np.abs(double_gradient).max()
