"""Responses from tables: mono-energetic templates, and bins split by a second observable."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.response import GaussianResponse, Resolution, SplitResponse, TemplateResponse

KNOTS = np.array([0.5, 0.6, 0.9, 2.0])
TEMPLATES = np.random.default_rng(4).uniform(size=(4, 7)) / 8.0
ENERGIES = np.array([-1.0, 0.0, 0.4999, 0.5, 0.55, 0.6, 1.7, 2.0, 9.0])


@jax.jit
def kernel(detector, energies):
    return detector.kernel(energies)


def test_templates(precision):
    detector = TemplateResponse(KNOTS, TEMPLATES)
    found = kernel(detector, as_float(ENERGIES))
    expected = np.stack([np.interp(ENERGIES, KNOTS, column) for column in TEMPLATES.T], axis=1)
    expected[ENERGIES < 0.5] = 0.0
    np.testing.assert_allclose(found, expected, rtol=1e-5 if precision == "float32" else 1e-13)
    slopes = jax.jit(jax.grad(lambda arguments: arguments[0].kernel(arguments[1]).sum()))(
        (detector, as_float(ENERGIES))
    )
    assert all(np.all(np.isfinite(slope)) for slope in jax.tree.leaves(slopes))


def test_template_gradients():
    """Linear in the templates; in the energies of the templates and of the deposit, the slope of the segment."""
    energy, x = jnp.array([1.7]), (1.7 - 0.9) / 1.1
    detector = TemplateResponse(KNOTS, TEMPLATES)
    of_detector, of_energy = jax.jit(jax.grad(lambda d, e: d.kernel(e)[0, 3], argnums=(0, 1)))(detector, energy)
    expected = np.zeros((4, 7))
    expected[2:, 3] = 1.0 - x, x
    np.testing.assert_allclose(of_detector.templates, expected, rtol=1e-13, atol=1e-16)
    slope = (TEMPLATES[3, 3] - TEMPLATES[2, 3]) / 1.1
    np.testing.assert_allclose(of_energy, [slope], rtol=1e-13)
    np.testing.assert_allclose(of_detector.energies_keV, [0.0, 0.0, -slope * (1 - x), -slope * x], rtol=1e-12)


def test_split():
    shapes = np.random.default_rng(5).uniform(size=(3, 4))
    inner = GaussianResponse([0.0, 1.0, 2.0, 5.0], Resolution(stochastic_sqrt_keV=0.58))
    detector = SplitResponse(inner, shapes)
    energies = jnp.array([0.0, 0.3, 1.4, 4.0])
    found = np.asarray(kernel(detector, energies)).reshape(4, 3, 4)
    coarse = np.asarray(kernel(inner, energies))
    np.testing.assert_allclose(found.sum(axis=2), coarse, rtol=1e-14)
    np.testing.assert_allclose(found[2, 1], coarse[2, 1] * shapes[1] / shapes[1].sum(), rtol=1e-14)
    # the normalisation of a row does not matter: no gradient along it
    slopes = jax.jit(jax.grad(lambda d: d.kernel(energies)[2, 5]))(detector).shapes
    np.testing.assert_allclose((slopes * detector.shapes).sum(axis=1), 0.0, atol=1e-15)
    total = shapes[1].sum()
    expected = coarse[2, 1] * ((np.arange(4) == 1) / total - shapes[1, 1] / total**2)
    np.testing.assert_allclose(slopes[1], expected, rtol=1e-12)


def test_messages():
    with pytest.raises(CevnsjaxError, match="templates must have one entry for each of energies_keV"):
        TemplateResponse(KNOTS, TEMPLATES[:3])
    with pytest.raises(CevnsjaxError, match="templates must be zero or positive"):
        TemplateResponse(KNOTS, -TEMPLATES)
    with pytest.raises(CevnsjaxError, match="energies_keV must hold at least two"):
        TemplateResponse(KNOTS[:1], TEMPLATES[:1])
    with pytest.raises(CevnsjaxError, match=r"nothing in rows \[1\]"):
        SplitResponse(TemplateResponse(KNOTS, TEMPLATES), [[1.0, 2.0], [0.0, 0.0]])
    with pytest.raises(CevnsjaxError, match="got 2 rows for 7 bins"):
        SplitResponse(TemplateResponse(KNOTS, TEMPLATES), np.ones((2, 2)))
