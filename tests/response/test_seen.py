"""What a response says that it sees, against its own kernel."""

import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.experiment import EXPERIMENTS, named_experiment
from cevnsjax.response import (
    DepositEfficiency,
    GammaPhotoElectrons,
    GaussianResponse,
    PoissonPhotoElectrons,
    Resolution,
    SigmoidEfficiency,
    SplitResponse,
    TabulatedEfficiency,
    TabulatedResponse,
    TemplateResponse,
)

FLAT = SigmoidEfficiency([1.0, 1.0, -50.0, 0.0], np.zeros(4))
RISING = SigmoidEfficiency([1.32045, 0.285979, 10.8646, -0.333322], np.zeros(4))
STOCHASTIC, NOISE = Resolution(stochastic_sqrt_keV=0.58), Resolution(noise_keV=0.02, constant=0.03)
GAUSSIAN = GaussianResponse([0.3, 0.5, 1.0], NOISE)
RESPONSES = {
    "noise": GAUSSIAN,
    "stochastic": GaussianResponse([6.64, 20.0, 60.0], STOCHASTIC),
    "stochastic from zero": GaussianResponse([0.0, 10.0, 60.0], STOCHASTIC),
    "noise above the first edge": GaussianResponse([0.01, 1.0], NOISE),
    "threshold": GaussianResponse([0.3, 0.5, 1.0], NOISE, threshold_keV=0.4),
    "efficiency": GaussianResponse([0.1, 1.0], NOISE, TabulatedEfficiency([0.2, 0.3, 0.5], [0.0, 0.0, 1.0])),
    "wide": GaussianResponse([0.3, 1.0], Resolution(constant=0.5)),
    "gamma": GammaPhotoElectrons([4.0, 8.0, 60.0], 0.0749, 9.56, FLAT),
    "gamma from zero": GammaPhotoElectrons([0.0, 8.0, 60.0], 0.0749, 9.56, FLAT),
    "gamma with a threshold": GammaPhotoElectrons([0.0, 8.0, 60.0], 0.0749, 9.56, RISING),
    "poisson": PoissonPhotoElectrons([6, 8, 30], 13.348, FLAT),
    "poisson from zero": PoissonPhotoElectrons([0, 8, 30], 13.348, FLAT),
    "poisson with a turn-on": PoissonPhotoElectrons([0, 8, 30], 13.348, FLAT, turn_on_PE=5),
    "templates": TemplateResponse([0.5, 0.8, 1.0, 2.0, 3.0], [[0.0], [0.0], [0.5], [0.2], [0.0]]),
    "templates with a step": TemplateResponse([0.5, 0.8], [[0.1], [0.2]]),
    "split": SplitResponse(GAUSSIAN, [[1.0, 2.0], [0.0, 1.0]]),
    "of deposits": DepositEfficiency(GAUSSIAN, TabulatedEfficiency([0.4, 0.6], [0.0, 1.0])),
}


@pytest.mark.parametrize("name", RESPONSES)
def test_nothing_is_seen_outside(name):
    response = RESPONSES[name]
    lowest, highest, width = response.seen_keV()
    assert 0.0 <= lowest < highest
    assert 0.0 < width < highest

    def seen(energy_keV: float) -> float:
        return float(response.kernel(jnp.array([energy_keV])).max())

    for outside in [lowest * (1.0 - 1e-3), 0.5 * lowest, highest * (1.0 + 1e-3), 10.0 * highest]:
        # a difference of tails rounds at 1e-16
        assert outside in (0.0, np.inf) or seen(outside) < 1.1e-12
    # and not much further in than that: within a width of where it says there is something
    for inside in [lowest + 1e-2 * width, highest - 1e-2 * width]:
        assert inside == np.inf or seen(inside) > (0.0 if response.kinks_keV.size else 1e-14)


# the gamma density of a deposit far below the first bin is narrower than that bin's own nodes
@pytest.mark.parametrize("name", sorted(RESPONSES.keys() - {"gamma from zero"}))
def test_kernels_are_smooth_within_their_width(name):
    """Between kinks, panels as wide as the narrowest width with a dozen nodes interpolate the kernel."""
    response = RESPONSES[name]
    lowest, highest, width = response.seen_keV()
    top = min(highest, 60.0)
    peak = float(response.kernel(jnp.geomspace(max(lowest, 1e-3), top, 500)).max())
    kinks = [float(kink) for kink in response.kinks_keV if lowest < kink < top]
    nodes = np.polynomial.chebyshev.chebpts1(12)
    between = np.linspace(-0.99, 0.99, 25)
    for low, high in zip([lowest, *kinks], [*kinks, top], strict=True):
        # everything that varies, varies near the lower end and at edges: a sample of panels
        starts = np.unique(np.concatenate([low + width * np.arange(8), np.linspace(low, high, 30)[:-1]]))
        for start in starts[starts < high]:
            end = min(start + width, high)
            # in the square root of the energy, as nodes in the energy of the projectile are
            low_root, high_root = np.sqrt(start), np.sqrt(end)
            points, others = (0.5 * (low_root + high_root) + 0.5 * (high_root - low_root) * x for x in (nodes, between))
            values, exact = (
                np.asarray(response.kernel(jnp.asarray(np.maximum(p**2, 1e-12)))) for p in (points, others)
            )
            series = np.polynomial.chebyshev.chebfit(nodes, values, 11)
            found = np.polynomial.chebyshev.chebval(between, series).T
            np.testing.assert_allclose(found, exact, rtol=0, atol=5e-7 * peak)


def test_a_table_sees_what_it_replaces():
    table = TabulatedResponse.of(RESPONSES["gamma"], jnp.array(10.0))
    np.testing.assert_allclose(table.seen_keV(), RESPONSES["gamma"].seen_keV())


def test_nothing_kept_is_an_empty_range_that_can_be_integrated():
    for response in (
        GaussianResponse([0.3, 1.0], NOISE, threshold_keV=2.0),
        GaussianResponse([0.3, 1.0], NOISE, TabulatedEfficiency([0.2, 0.3], [0.0, 0.0])),
        TemplateResponse([0.5, 0.8], [[0.0], [0.0]]),
    ):
        lowest, highest, width = response.seen_keV()
        assert np.isfinite([lowest, highest, width]).all()
        assert lowest <= highest
        assert width > 0.0


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_every_experiment_sees_something(name):
    for part in named_experiment(name).parts.values():
        lowest, highest, width = part.response.seen_keV()
        assert 0.0 <= lowest < highest
        assert 0.0 < width < highest
