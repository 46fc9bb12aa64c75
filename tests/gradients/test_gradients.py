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
from cevnsjax.inference.batches import map_in_batches
from cevnsjax.paths import get_path, leaf_paths, set_paths

pytestmark = pytest.mark.usefixtures("standard_promotion")

MODELS = ("sm", "nsi")
EACH_MODEL = (pytest.param("sm", marks=pytest.mark.slow), "nsi")  # sm rarely: nsi has all of it
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


def log_likelihood_of(experiment, paths):
    def log_likelihood(leaves):
        return poisson_log_likelihood(set_paths(experiment, paths, leaves).expected(), experiment.observed)

    return log_likelihood


@eqx.filter_jit
def evaluate(experiment):
    """Signal, log-likelihood and its gradient in all leaves; one program for all tests of a precision."""
    paths = free_leaves(experiment)
    leaves = [get_path(experiment, path) for path in paths]
    return experiment.signal().sum(), *jax.value_and_grad(log_likelihood_of(experiment, paths))(leaves)


def test_every_leaf_against_differences(experiment):
    paths = free_leaves(experiment)
    assert len(paths) > 65
    leaves = [get_path(experiment, path) for path in paths]
    _, value, gradients = evaluate(experiment)
    points, places = [], []
    for index, (path, leaf) in enumerate(zip(paths, leaves, strict=True)):
        for entry in np.ndindex(leaf.shape):
            step = step_of(path, float(leaf[entry]))
            places.append((path, index, entry, step))
            for multiple in (-2, -1, 1, 2):
                points.append([np.array(other) for other in leaves])
                points[-1][index][entry] += multiple * step
    stacked = [jnp.asarray(np.stack(column)) for column in zip(*points, strict=True)]
    log_likelihood = log_likelihood_of(experiment, paths)
    values = np.asarray(jax.jit(lambda p: map_in_batches(log_likelihood, p, 16))(stacked)).reshape(-1, 4)
    rounding = 1e-13 * abs(float(value))
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
    gradients = dict(zip(free_leaves(experiment), evaluate(experiment)[2], strict=True))
    for path in ("interactions.cevns.terms.sm.charge_radius_tau", "interactions.cevns.terms.nsi.up.tautau"):
        assert gradients[path] == 0.0


@functools.cache
def prior_draws(name, number):
    built = model(name)
    return jax.jit(jax.vmap(built.from_latent))(jnp.asarray(built.prior_latents(jax.random.key(11), number)))


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


DRAWS, MULTIPLES = 300, (-2, -1, 1, 2)


def rounded(values):
    """Values that float32 can represent, so that both precisions are asked at the same points."""
    return {key: jnp.asarray(np.asarray(value, dtype=np.float32), dtype=float) for key, value in values.items()}


def nominal(name):
    return rounded({key: value[None] for key, value in model(name).reference_values.items()})


def concatenated(*columns):
    return {key: jnp.concatenate([each[key] for each in columns]) for key in columns[0]}


def difference_points(name):
    """The nominal point and three draws; then each of them with every parameter moved by steps, and the steps."""
    draws = prior_draws(name, 3)
    points = [model(name).reference_values] + [{key: value[i] for key, value in draws.items()} for i in range(3)]
    # the edge of a prior has no difference on both sides, and the kinks of the templates sit at zero delay
    points[0] = {**points[0], "brn_delay": jnp.array(0.0523), "nin_delay": jnp.array(0.0317)}
    special = {"brn_delay": 1e-6, "nin_delay": 1e-6, "arrival_time": 1e-4}
    points = [{key: float(value) for key, value in point.items()} for point in points]
    steps = [{key: special.get(key, 1e-3 * max(abs(x), 1e-2)) for key, x in point.items()} for point in points]
    moved = [
        {**point, key: point[key] + multiple * step[key]}
        for point, step in zip(points, steps, strict=True)
        for key in point
        for multiple in MULTIPLES
    ]
    return {key: jnp.array([each[key] for each in (*points, *moved)]) for key in points[0]}, steps


@functools.cache
def evaluated(name):
    """Log-density and gradient at draws, edges, points with their differences, and at the nominal point.

    All at once: what takes long is to compile.
    """
    values = concatenated(prior_draws(name, DRAWS), edges(name), difference_points(name)[0], nominal(name))
    density, gradient = jax.jit(lambda v: model(name).log_density_and_gradient(v))(values)
    return np.asarray(density), {key: np.asarray(each) for key, each in gradient.items()}


def assert_finite(density, gradient):
    assert np.all(np.isfinite(density))
    for key, each in gradient.items():
        assert np.all(np.isfinite(each)), key


@pytest.mark.parametrize("name", EACH_MODEL)
def test_finite_over_the_prior(name):
    assert_finite(*evaluated(name))


@functools.cache
def over_the_prior(name):
    """Log-density and gradient at ten thousand draws, of which float32 can represent the first thousand."""
    values = concatenated(rounded(prior_draws(name, 1000)), prior_draws(name, 9000))
    return jax.jit(lambda v: model(name).log_density_and_gradient(v))(values)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_finite_over_ten_thousand_draws(name):
    assert_finite(*over_the_prior(name))


@pytest.mark.parametrize("name", EACH_MODEL)
def test_density_against_differences(name):
    """The log-density of the named models at the nominal point and at three draws."""
    steps, (density, gradient) = difference_points(name)[1], evaluated(name)
    size, end = len(steps) * len(steps[0]) * len(MULTIPLES), len(density) - 1
    moved = density[end - size : end].reshape(len(steps), len(steps[0]), len(MULTIPLES))
    for i, step in enumerate(steps):
        for (key, width), (far_below, below, above, far_above) in zip(step.items(), moved[i], strict=True):
            difference = (8 * (above - below) - (far_above - far_below)) / (12 * width)
            noise = 3e-13 * abs(below) / width
            found = gradient[key][end - size - len(steps) + i]
            assert found == pytest.approx(difference, rel=1e-5, abs=noise), key


@pytest.mark.slow
def test_forward_mode_is_reverse_mode_for_every_leaf(experiment):
    paths = [path for path in free_leaves(experiment) if get_path(experiment, path).shape == ()]
    leaves = [get_path(experiment, path) for path in paths]
    gradients = dict(zip(free_leaves(experiment), evaluate(experiment)[2], strict=True))

    @jax.jit
    def forward(directions):
        function = log_likelihood_of(experiment, paths)
        return jax.lax.map(lambda each: jax.jvp(function, (leaves,), (list(each),))[1], directions)

    for path, leaf, found in zip(paths, leaves, forward(jnp.eye(len(paths))), strict=True):
        relative = float(found * leaf), float(gradients[path] * leaf)
        assert relative[0] == pytest.approx(relative[1], rel=1e-9, abs=1e-12), path


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
    "arrival at 0": {"sources.sns.arrival.pulse.mean_us": 0.0},
    "arrival at 1": {"sources.sns.arrival.pulse.mean_us": 1.0},
    "delays 0": {"backgrounds.brn.times.shift_us": 0.0, "backgrounds.nin.times.shift_us": 0.0},
    "delays 0.1": {"backgrounds.brn.times.shift_us": 0.1, "backgrounds.nin.times.shift_us": 0.1},
    "quenching +4": {"quenching.first_component": 4.0, "quenching.second_component": 4.0},
    "quenching -4": {"quenching.first_component": -4.0, "quenching.second_component": -4.0},
}


@functools.cache
def csi_of(precision):
    """The experiment with NSI, in the precision that is set."""
    csi = coherent_csi_2021()
    return csi.with_interactions({"cevns": csi.interactions["cevns"].with_terms({"nsi": NSI()})})


@pytest.mark.parametrize("name", EDGE_CASES)
def test_edge_cases(name, precision):
    moved = EDGE_CASES[name]
    csi = set_paths(csi_of(precision), list(moved), [jnp.asarray(value, dtype=float) for value in moved.values()])
    signal, value, gradients = evaluate(csi)
    assert value.dtype == np.dtype(precision)
    assert np.isfinite(float(value))
    assert all(np.all(np.isfinite(gradient)) for gradient in gradients)
    if name in ("no couplings", "no signal"):
        assert float(signal) == 0.0


def in_float32(name, values):
    """Log-density and gradient [parameter, point] in single precision, as doubles."""
    with jax.enable_x64(False):
        built = build_model(coherent_csi_2021(), name)
        converted = {key: jnp.asarray(value, dtype=float) for key, value in values.items()}
        return doubles(name, *jax.jit(lambda v: built.log_density_and_gradient(v))(converted))


def doubles(name, density, gradient):
    return np.asarray(density, dtype=float), np.stack([np.asarray(gradient[k], dtype=float) for k in model(name).names])


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_float32_over_the_prior(name):
    """Measured over 1000 draws: the log-density is off by less than 4e-4 (sm, sm-sw2), where it goes down to -750, and
    by 1e-6 of itself (nsi, down to -10000). A gradient is measured in prior widths, since the units of parameters
    differ by orders of magnitude: less than 7e-6 of its largest component. What limits both is the rounding of the
    response's exponent.
    """
    values = rounded(prior_draws(name, 1000))
    single, single_gradient = in_float32(name, values)
    double, double_gradient = (each[..., :1000] for each in doubles(name, *over_the_prior(name)))
    assert np.all(np.abs(single - double) < 1e-3 + (1.5e-6 * np.abs(double) if name == "nsi" else 0.0))
    widths = np.array([np.asarray(values[key]).std() for key in model(name).names])[:, None]
    error = np.abs(single_gradient - double_gradient) * widths
    assert np.all(error < 1e-5 * np.abs(double_gradient * widths).max(axis=0))


def test_float32_at_the_nominal_point():
    single, single_gradient = in_float32("nsi", nominal("nsi"))
    double, double_gradient = (each[..., -1:] for each in doubles("nsi", *evaluated("nsi")))
    assert np.abs(single - double).max() < 3e-4
    assert np.abs(single_gradient - double_gradient).max() < 1e-5 * np.abs(double_gradient).max()
