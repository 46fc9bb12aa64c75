"""The model: latents, density, Jacobian and messages."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.stats import norm, poisson, truncnorm

from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.flux import AbstractBosonSource
from cevnsjax.inference import Model, build_model, maximum
from cevnsjax.models import MODELS, named_model
from cevnsjax.models.dark_models import DARK_MODELS
from cevnsjax.parameter import Parameter
from cevnsjax.paths import get_path, set_paths

pytestmark = pytest.mark.usefixtures("standard_promotion")

NORM = Parameter("signal_norm", dist.Uniform(0.0, 3.0), "signal_norm")


@pytest.fixture(scope="module")
def experiment():
    return coherent_csi_2021()


@pytest.fixture(scope="module")
def named(experiment):
    """Models by name, each built once."""

    @functools.cache
    def build(name):
        with jax.numpy_dtype_promotion("standard"):
            return build_model(experiment, name)

    return build


@pytest.fixture(scope="module")
def model(named):
    return named("sm")


@pytest.fixture(scope="module", params=["sm", "nsi", "dipole-portal", "sterile"])
def any_model(named, request):
    return named(request.param)


def test_latents_go_there_and_back(any_model):
    latents = any_model.prior_latents(jax.random.key(2), 64)
    assert latents.shape == (64, len(any_model.names))
    values = jax.vmap(any_model.from_latent)(latents)
    assert set(values) == set(any_model.names)
    back = jax.vmap(any_model.to_latent)(values)
    # the logit of a uniform prior loses digits at its edges
    np.testing.assert_allclose(back, latents, rtol=0, atol=1e-9)


def test_latents_are_of_order_one(any_model):
    latents = np.asarray(any_model.prior_latents(jax.random.key(3), 4000))
    np.testing.assert_allclose(np.median(latents, axis=0), 0.0, atol=0.1)
    half_widths = 0.5 * np.diff(np.quantile(latents, [0.16, 0.84], axis=0), axis=0)
    np.testing.assert_allclose(half_widths, 1.0, atol=0.1)


# of one family, whose building takes long: the others are looked at with the slow tests
RARELY = set(DARK_MODELS) - {"vector-portal-inelastic-dm"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in RARELY else name
        for name, model in MODELS.items()
        if not issubclass(model.source, AbstractBosonSource)
    ],
)
def test_reference_values_are_the_experiment(name, experiment, named):
    prepared, model = named_model(name).prepare(experiment), named(name)
    for parameter in model.parameters:
        for path in parameter.paths:
            assert float(model.reference_values[parameter.name]) == float(get_path(prepared, path))


def test_values_reach_the_leaves(model, experiment):
    values = {"signal_norm": 1.3, "brn_delay": 0.07, "steady_state_events": 1200.0, "efficiency": -0.4}
    moved = model.at(values)
    paths = {p.name: p.paths[0] for p in model.parameters}
    for name, value in values.items():
        assert float(get_path(moved, paths[name])) == value
    by_hand = set_paths(experiment, [paths[name] for name in values], [jnp.array(v) for v in values.values()])
    np.testing.assert_allclose(model.expected(values), by_hand.expected(), rtol=1e-9)  # of tables
    np.testing.assert_allclose(model.expected({}), experiment.expected(), rtol=1e-9)


def test_one_parameter_may_set_two_leaves(experiment):
    paths = tuple(f"target.nuclides.{name}.neutron_form_factor.rms_radius_fm" for name in ("Cs133", "I127"))
    model = Model(experiment, [Parameter("radius", dist.Uniform(3.0, 7.0), paths, "fm")])
    moved = model.at({"radius": 5.7})
    assert [float(get_path(moved, path)) for path in paths] == [5.7, 5.7]
    # its derivative is the sum of both
    both = jax.jit(jax.grad(lambda r: model.log_likelihood({"radius": r})))(jnp.array(5.0))
    each = jax.jit(jax.grad(lambda r, s: _likelihood(experiment, paths, r, s), (0, 1)))(jnp.array(5.0), jnp.array(5.0))
    np.testing.assert_allclose(both, each[0] + each[1], rtol=1e-10)


def _likelihood(experiment, paths, first, second):
    expected = set_paths(experiment, paths, [first, second]).expected()
    observed = experiment.observed
    return (observed * jnp.log(expected) - expected).sum()


def test_likelihood_and_prior_by_scipy(model, experiment):
    values = {name: float(value) for name, value in model.reference_values.items()}
    values |= {"signal_norm": 1.2, "quenching_0": 0.7, "arrival_time": 0.5, "nin_events": 6.1, "brn_events": 20.0}
    expected = np.asarray(model.expected(values))
    observed = np.asarray(experiment.observed)
    likelihood = (poisson.logpmf(observed, expected) - poisson.logpmf(observed, observed)).sum()
    found = {name: jnp.array(value) for name, value in values.items()}
    np.testing.assert_allclose(model.log_likelihood(found), likelihood, rtol=1e-11)

    def truncated(value, mean, width, low, high):
        return truncnorm.logpdf(value, (low - mean) / width, (high - mean) / width, mean, width)

    priors = {p.name: p.prior for p in model.parameters}
    arrival = priors["arrival_time"].base_dist
    prior = (
        norm.logpdf(0.7)
        + 2 * norm.logpdf(0.0)
        - np.log(3.0)
        - np.log(1286.0)
        + truncated(0.5, float(arrival.loc), float(arrival.scale), 0.0, 1.0)
        + truncated(20.0, 18.4, 18.4 * 0.25, 0.0, np.inf)
        + truncated(6.1, 5.6, 5.6 * 0.355, 0.0, np.inf)
    )
    for name in ("brn_delay", "nin_delay"):
        prior -= np.log(float(priors[name].high - priors[name].low))
    found_prior = float(model.log_prior(found))
    # the widths of the neutron priors are published with three digits: the density is compared where they are known
    widths = {name: float(priors[name].base_dist.scale) for name in ("brn_events", "nin_events")}
    prior += truncated(20.0, 18.4, widths["brn_events"], 0.0, np.inf) - truncated(20.0, 18.4, 18.4 * 0.25, 0.0, np.inf)
    prior += truncated(6.1, 5.6, widths["nin_events"], 0.0, np.inf) - truncated(6.1, 5.6, 5.6 * 0.355, 0.0, np.inf)
    assert found_prior == pytest.approx(prior, rel=1e-10)
    assert float(model.log_density(found)) == pytest.approx(likelihood + prior, rel=1e-10)


def test_other_data(model, experiment):
    toy = jnp.asarray(np.random.default_rng(0).poisson(np.asarray(experiment.expected())), dtype=float)
    values = model.reference_values
    given = model.log_likelihood(values, toy)
    assert float(given) != float(model.log_likelihood(values))
    rebuilt = Model(experiment.with_observed(np.asarray(toy)), model.parameters)
    assert float(given) == pytest.approx(float(rebuilt.log_likelihood(values)), rel=1e-12)
    np.testing.assert_allclose(model.potential(jnp.zeros(10), toy), rebuilt.potential(jnp.zeros(10)), rtol=1e-12)


def test_potential_is_minus_log_density_and_jacobian(any_model):
    """The Jacobian by differences of from_latent; the map is diagonal."""
    size = len(any_model.names)
    map_to_values = jax.jit(lambda z: jnp.stack(list(any_model.from_latent(z).values())))
    both = jax.jit(lambda z: (any_model.potential(z), any_model.log_density(any_model.from_latent(z))))
    offsets = []
    for key in range(4):
        latent = 0.7 * jax.random.normal(jax.random.key(key), (size,))
        step = 1e-5
        jacobian = np.stack(
            [
                (map_to_values(latent + step * unit) - map_to_values(latent - step * unit)) / (2 * step)
                for unit in jnp.eye(size)
            ]
        )
        np.testing.assert_array_equal(jacobian * (1 - np.eye(size)), 0.0)
        volume = np.log(np.diagonal(jacobian)).sum()
        offsets.append(float(sum(both(latent))) + volume)
    # equal up to the constant volume of the affine part, the product of the scales
    np.testing.assert_allclose(offsets, float(jnp.log(any_model.scale).sum()), rtol=0, atol=1e-6)


def test_many_points_at_once(model):
    values = jax.vmap(model.from_latent)(model.prior_latents(jax.random.key(1), 7))
    densities, gradients = jax.jit(lambda v: model.log_density_and_gradient(v, batch_size=3))(values)
    one = jax.jit(jax.value_and_grad(lambda point: model.log_density(point)))
    for i in range(7):
        value, gradient = one({name: value[i] for name, value in values.items()})
        assert float(densities[i]) == pytest.approx(float(value), rel=1e-12)
        for name in model.names:
            assert float(gradients[name][i]) == pytest.approx(float(gradient[name]), rel=1e-8, abs=1e-9)


def test_named_models(experiment, named):
    assert named("sm").names[0] == "signal_norm"
    assert "sns_flux_norm" not in named("sm").names
    assert named("sm-sw2").names[:2] == ("weak_mixing_angle_sin2", "sns_flux_norm")
    assert named("nsi").names[:2] == ("eps_ee_u", "eps_ee_d")
    chosen = build_model(experiment, "nsi", free=["eps_mutau_imag_d"], fixed=["efficiency"])
    assert chosen.names[0] == "eps_mutau_imag_d"
    assert "efficiency" not in chosen.names
    prior = dist.Normal(1.0, 0.1)
    other = build_model(experiment, "sm", priors={"signal_norm": prior})
    assert other.parameters[0].prior is prior


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda e: named_model("smm"), UnknownNameError, "no model called 'smm'; did you mean"),
        (lambda e: build_model(e, "sm", free=["signal_nrm"]), UnknownNameError, "'signal_nrm'.*'signal_norm'"),
        (lambda e: build_model(e, "sm", fixed=["effciency"]), UnknownNameError, "'effciency'.*'efficiency'"),
        (
            lambda e: build_model(e, "sm", priors={"sns_flux_norm": dist.Normal(1.0, 0.1)}),
            ParameterError,
            "'sns_flux_norm', which is not free",
        ),
        (lambda e: Model(e, []), ParameterError, "at least one free parameter"),
        (lambda e: Model(e, [NORM, NORM]), ParameterError, "Parameter names must differ"),
        (
            lambda e: Model(e, [NORM, Parameter("other", dist.Uniform(0.0, 2.0), "signal_norm")]),
            ParameterError,
            "Two parameters set the same leaf: signal_norm",
        ),
        (
            lambda e: Model(e, [Parameter("x", dist.Uniform(0.0, 2.0), "signal_nrm")]),
            UnknownNameError,
            "'signal_nrm'.*'signal_norm'",
        ),
        (
            lambda e: Model(e, [Parameter("vector", dist.Uniform(-1.0, 1.0), "response.efficiency.coefficients")]),
            ParameterError,
            "'vector' needs the path of a single number, got 'response.efficiency.coefficients'",
        ),
        (
            lambda e: Model(e, [Parameter("block", dist.Uniform(-1.0, 1.0), "sources.sns.flux")]),
            ParameterError,
            "'block' needs the path of a single number",
        ),
        (
            lambda e: Model(e, [Parameter("signal_norm", dist.Uniform(2.0, 3.0), "signal_norm")]),
            ParameterError,
            r"Uniform\(2, 3\) of 'signal_norm' has no support at its starting value 1; .*--set signal_norm=VALUE",
        ),
        (
            lambda e: Parameter("pair", dist.Uniform(np.zeros(2), np.ones(2)), "signal_norm"),
            ParameterError,
            "The prior of 'pair' must be of a single number",
        ),
    ],
)
def test_messages(experiment, build, error, message):
    with pytest.raises(error, match=message):
        build(experiment)


def test_unknown_values_are_refused(model):
    with pytest.raises(UnknownNameError, match="'signal_nrm'"):
        model.at({"signal_nrm": 1.0})


def test_derived_quantities(experiment, named):
    """Events of each interaction, and NSI in matter where the parameters move it."""
    assert [d.name for d in named("sm").derived] == ["cevns_events"]
    model = build_model(experiment, "nsi", free=["eps_ee_u", "eps_mumu_d", "eps_etau_d"])
    matter = ["eps_ee_mumu_matter", "eps_tautau_mumu_matter", "eps_etau_matter"]
    assert [d.name for d in model.derived] == ["cevns_events", *matter]
    found = model.derived_values({"eps_ee_u": 0.1, "eps_mumu_d": -0.2, "eps_etau_d": 0.3})
    neutrons = 1.051
    expected = (2 + neutrons) * 0.1 - (1 + 2 * neutrons) * -0.2
    assert float(found["eps_ee_mumu_matter"]) == pytest.approx(expected, rel=1e-12)
    assert float(found["eps_etau_matter"]) == pytest.approx((1 + 2 * neutrons) * 0.3, rel=1e-12)
    with_electrons = build_model(experiment, "sm+electrons")
    events = with_electrons.derived_values(with_electrons.reference_values)
    assert set(events) == {"cevns_events", "electrons_events"}
    assert float(events["cevns_events"]) == pytest.approx(float(experiment.signal().sum()), rel=1e-12)


MASS = Parameter("mass_scale", dist.LogUniform(0.1, 100.0), "mass_kg")


def test_priors_flat_in_a_logarithm(experiment):
    """Latents are even in the logarithm, and the prior does not pull what is maximised to its lower end."""
    model = Model(experiment, [MASS])
    latents = jnp.linspace(-2.0, 2.0, 9)[:, None]
    masses = np.array([float(model.from_latent(latent)["mass_scale"]) for latent in latents])
    middle = np.sqrt(0.1 * 100.0)
    np.testing.assert_allclose(np.log(masses / middle), -np.log(masses / middle)[::-1], rtol=0, atol=0.05)
    for mass in (0.2, 5.0, 90.0):
        values = {"mass_scale": jnp.asarray(mass)}
        expected = -np.log(np.log(100.0 / 0.1))
        assert float(model.log_constraints(values)) == pytest.approx(expected, rel=1e-12)
        assert float(model.log_prior(values)) == pytest.approx(expected - np.log(mass), rel=1e-12)
    assert "mass_scale" in maximum(model).values
    best = maximum(model).values["mass_scale"]
    above, below = (float(model.log_likelihood({"mass_scale": jnp.asarray(best * f)})) for f in (1.01, 0.99))
    there = float(model.log_likelihood({"mass_scale": jnp.asarray(best)}))
    assert there > max(above, below)
