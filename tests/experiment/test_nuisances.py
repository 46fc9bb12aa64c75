"""Priors of what cannot be zero: where they end, what that changes, and derivatives of the likelihood on that edge."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import freeze, named_experiment
from cevnsjax.experiment.nuisances import flux_norm, level_strength, nonzero, positive, strength_quenching
from cevnsjax.paths import set_paths

# one of each quenching, and of each response behind it
NAMES = {
    "conus": "lindhard_k",
    "conus-plus": "lindhard_k",
    "coherent-csi-2017": "quenching_factor",
    "ricochet": "energy_scale",
    "nucleus-1": "energy_scale",
    "red-100": "recombination",
    "connie": "silicon_k",
}


def test_priors_are_what_they_were():
    """Five standard deviations or more from zero, the edge changes the normalisation by less than 1e-6."""
    for mean, error in ((0.162, 0.004), (0.0878, 0.0166), (1.0, 0.05), (0.03, 0.006)):
        values = mean + error * np.array([-4.0, -1.0, 0.0, 2.0])
        before, now = (np.asarray(prior(mean, error).log_prob(values)) for prior in (positive, nonzero))
        np.testing.assert_allclose(now, before, rtol=0, atol=1e-6)
    assert float(nonzero(2.0, 1.0).low) == pytest.approx(0.02)
    assert float(nonzero(2.0, 0.1).low) == pytest.approx(1.4)


@pytest.mark.parametrize(
    "build",
    [
        lambda: positive(1.0, -0.1),
        lambda: positive(np.nan, 0.1),
        lambda: nonzero(0.0, 0.1),
        lambda: nonzero(1.0, 0.0),
        lambda: flux_norm("sns", np.nan),
        lambda: strength_quenching("Ar40", 0.0, 0.1),
        lambda: level_strength("Ar40", 0, -0.1),
    ],
)
def test_errors_that_are_none(build):
    with pytest.raises(CevnsjaxError, match=r"(mean|error|nominal) must be"):
        build()


@pytest.mark.parametrize("name", NAMES)
def test_derivative_on_the_edge(name):
    """What a prior ends at, differences see as derivatives do: at zero itself they saw a step."""
    experiment = named_experiment(name)
    (parameter,) = (p for p in experiment.nuisances if p.name == NAMES[name])
    assert isinstance(parameter.prior, type(dist.TruncatedNormal(0.0, 1.0, low=0.0)))
    edge = float(parameter.prior.low)
    assert edge > 0.0
    frozen = freeze(experiment, parameter.paths)

    @jax.jit
    @jax.value_and_grad
    def log_likelihood(value):
        return set_paths(frozen, parameter.paths, [value]).log_likelihood()

    _, slope = log_likelihood(jnp.array(edge))
    step = 1e-4 * edge
    first, second, third = (float(log_likelihood(jnp.array(edge + n * step))[0]) for n in range(3))
    expected = (-1.5 * first + 2.0 * second - 0.5 * third) / step
    assert np.isfinite(float(slope))
    assert float(slope) == pytest.approx(expected, rel=1e-4, abs=1e-5 * abs(first) / edge)
