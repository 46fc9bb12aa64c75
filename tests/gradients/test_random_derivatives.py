"""Derivatives of log-likelihoods at random places against differences: inside of priors and at both ends of them.

``CEVNSJAX_PAIRS`` pairs of an experiment and a model are drawn (4 by default, 40 make 200 derivatives at each place).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from random_pairs import SEED, number_of_pairs, random_pair

from cevnsjax.experiment import named_experiment
from cevnsjax.inference import build_model

PARAMETERS = 5
# of a prior's range; where nothing at all would be expected the density of what was observed is steep, so much smaller
STEPS, SMALL_STEPS = 10.0 ** -np.arange(1.5, 5.1, 0.5), 10.0 ** -np.arange(5.5, 45.0, 0.75)
# five-point rules: (offsets, weights) of a first derivative
CENTRAL = np.array([-2.0, -1.0, 1.0, 2.0]), np.array([1.0, -8.0, 8.0, -1.0]) / 12.0
FORWARD = np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([-25.0, 48.0, -36.0, 16.0, -3.0]) / 12.0


def ends(parameter):
    """Range of a prior, cut at its thousandths where it has no end, and whether it is one of a logarithm."""
    low, high = (parameter.quantile(p) for p in (1e-3, 1.0 - 1e-3))
    support = parameter.prior.support
    low = float(getattr(support, "lower_bound", low))
    high = float(getattr(support, "upper_bound", high))
    low, high = (low if np.isfinite(low) else parameter.quantile(1e-3)), high
    high = high if np.isfinite(high) else parameter.quantile(1.0 - 1e-3)
    return low, high, low > 0.0 and high / low > 1e3


def differences(function, start, steps, sign):
    """Derivatives by rules of all steps."""
    offsets, weights = CENTRAL if sign == 0 else (sign * FORWARD[0], sign * FORWARD[1])
    points = start + np.outer(steps, offsets)
    values = np.asarray(function(jnp.asarray(points.ravel()))).reshape(points.shape)
    return (values * weights).sum(axis=1) / steps


@pytest.mark.slow
@pytest.mark.usefixtures("standard_promotion")
@pytest.mark.parametrize("index", range(number_of_pairs(4)))
def test_derivatives(index):
    experiment, name = random_pair(index)
    model = build_model(named_experiment(experiment), name)
    generator = np.random.default_rng(SEED)
    middle = {key: float(value) for key, value in model.from_latent(jnp.zeros(len(model.names))).items()}

    @eqx.filter_jit
    def along(model, which, values):
        """Log-likelihood and its derivative along one parameter, at several of its values."""

        def at(value):
            point = {key: jnp.where(which == i, value, middle[key]) for i, key in enumerate(model.names)}
            return model.log_likelihood(point)

        return jax.vmap(jax.value_and_grad(at))(values)

    wrong = []
    for which in generator.permutation(len(model.names))[:PARAMETERS]:
        parameter = model.parameters[which]
        low, high, logarithmic = ends(parameter)
        inside = low * (high / low) ** generator.uniform() if logarithmic else generator.uniform(low, high)
        for place, start, sign in (("inside", inside, 0), ("lower end", low, 1), ("upper end", high, -1)):
            size = start if logarithmic else 0.2 * (high - low)
            value, found = (float(each[0]) for each in along(model, which, jnp.full(1, start)))
            # rounding of the density over the step is what no difference can see
            floor = 1e-9 * (1.0 + abs(value)) / size
            for steps in (STEPS, SMALL_STEPS):
                numerical = differences(lambda x, w=which: along(model, w, x)[0], start, steps * size, sign)
                close = np.abs(numerical - found) <= 1e-5 * abs(found) + floor
                # two steps in a row: one alone may agree by chance
                agrees = np.isfinite(found) and bool(np.any(close[1:] & close[:-1]))
                if agrees or start != 0.0:  # beside another number such steps are lost
                    break
            if not agrees:
                wrong.append(f"{parameter.name}, {place}, {start:g}: {found:g}, differences {numerical}")
    assert not wrong, f"{experiment} x {name}, CEVNSJAX_PAIRS_SEED={SEED}: {wrong}"
