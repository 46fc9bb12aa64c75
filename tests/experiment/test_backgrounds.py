"""Backgrounds given as histograms, as a continuum and as lines: against SciPy, and what they refuse."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import (
    CaptureLine,
    ContinuumBackground,
    Exposure,
    LineBackground,
    Satellite,
    TemplateBackground,
    TemplateVariation,
)
from cevnsjax.paths import leaf_paths, set_paths
from cevnsjax.response import TimeWindow

EDGES = np.array([0.2, 0.25, 0.3, 0.5, 0.9, 1.0, 1.5])
NOMINAL = np.array([[4.0, 1.0], [3.0, 0.5], [0.0, 2.5]])
UP = np.array([[2.0, 2.0], [3.0, 1.0], [0.0, 4.0]])
DOWN = np.array([[9.0, 0.5], [6.0, 1.0], [0.0, 2.0]])
OTHER = np.array([[1.0, 1.0], [0.0, 3.0], [2.0, 1.0]])


def shape(histogram):
    return histogram / histogram.sum()


def counts(background, edges=EDGES):
    return background.counts(TimeWindow((0.0, 1.0, 6.0)), Exposure(1.0, 1.0), as_float(edges))


def template(pull=0.0, **others):
    variations = {"rise": TemplateVariation(UP, DOWN, pull)} | others
    return TemplateBackground(120.0, NOMINAL, variations)


def continuum():
    return ContinuumBackground(3.0, 40.0, 0.15, reference_energy_keV=0.1)


def lines():
    each = {
        "K": CaptureLine(80.0, 0.0, {"second": Satellite(0.1, -0.5)}),
        "L": CaptureLine(30.0, -0.55, {"second": Satellite(0.25, -0.12)}),
    }
    return LineBackground(0.95, 0.07, each)


BLOCKS = {
    "template": lambda: template(0.4, linear=TemplateVariation(OTHER, None, -0.3)),
    "continuum": continuum,
    "lines": lines,
}


@pytest.mark.parametrize(("pull", "expected"), [(0.0, NOMINAL), (1.0, UP), (-1.0, DOWN)])
def test_templates_are_met_exactly(pull, expected):
    np.testing.assert_allclose(counts(template(pull)), 120.0 * shape(expected), rtol=1e-13)


def test_variations_add_up():
    """Quadratic with three histograms, linear with two, and their changes add up."""
    found = counts(template(0.4, linear=TemplateVariation(OTHER, None, -0.3)))
    nominal, up, down, other = map(shape, (NOMINAL, UP, DOWN, OTHER))
    parabola = np.polynomial.Polynomial.fit([-1.0, 0.0, 1.0], np.stack([down, nominal, up]).reshape(3, -1)[:, 0], 2)
    changed = nominal - 0.3 * (other - nominal) + 0.2 * (up - down) + 0.08 * (up + down - 2 * nominal)
    assert changed[0, 0] == pytest.approx(parabola(0.4) - 0.3 * (other - nominal)[0, 0], rel=1e-12)
    clipped = np.maximum(changed, 0.0)
    assert (changed < 0.0).any()
    np.testing.assert_allclose(found, 120.0 * shape(clipped), rtol=1e-13)


def test_far_pulls_leave_no_negative_contents_and_the_norm_alone(precision):
    def at(pull):
        value = counts(template(pull))
        return value, value

    slopes, found = jax.jit(jax.vmap(jax.jacfwd(at, has_aux=True)))(jnp.array([-8.0, -2.0, 0.7, 3.0, 8.0], dtype=float))
    assert float(found.min()) == 0.0
    assert np.isfinite(slopes).all()
    np.testing.assert_allclose(found.sum(axis=(1, 2)), 120.0, rtol=1e-6 if precision == "float32" else 1e-13)


def test_template_contents_below_zero_are_none():
    """Simulations with weights can have them."""
    found = np.asarray(counts(TemplateBackground(10.0, np.array([[3.0, -1.0]]))))
    np.testing.assert_allclose(found, [[10.0, 0.0]], rtol=1e-14)


# down to zero and below, where data with a finite resolution may begin
@pytest.mark.parametrize("low", [0.2, 0.0, -0.1])
def test_continuum(low):
    edges = EDGES - EDGES[0] + low
    expected = [
        quad(lambda e: 3.0 + 40.0 * np.exp(-(e - 0.1) / 0.15), a, b, epsrel=1e-12)[0]
        for a, b in itertools.pairwise(edges)
    ]
    found = np.asarray(counts(continuum(), edges))
    assert found.shape == (6, 1)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-12)


def test_a_continuum_that_hardly_falls_is_flat(precision):
    found = counts(ContinuumBackground(0.0, 40.0, 1e7))
    # the exponential is one within 1e-7; differences of edges have their own rounding
    np.testing.assert_allclose(found[:, 0], 40.0 * np.diff(EDGES), rtol=3e-6 if precision == "float32" else 3e-7)


def test_lines():
    expected = 80.0 * np.diff(norm.cdf(EDGES, 0.95, 0.07)) + 8.0 * np.diff(norm.cdf(EDGES, 0.45, 0.07))
    expected += 30.0 * np.diff(norm.cdf(EDGES, 0.4, 0.07)) + 7.5 * np.diff(norm.cdf(EDGES, 0.28, 0.07))
    np.testing.assert_allclose(counts(lines())[:, 0], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", BLOCKS)
def test_gradients(name):
    """Of a weighted sum of counts with respect to every leaf, against central differences."""
    background = BLOCKS[name]()
    weights = np.random.default_rng(3).uniform(0.5, 2.0, np.shape(counts(background)))
    leaves = dict(leaf_paths(background))
    generator = np.random.default_rng(4)
    directions = {path: generator.uniform(0.5, 1.0, leaf.shape) for path, leaf in leaves.items()}

    @jax.jit
    def total(steps):
        moved = [leaf + steps[path] * directions[path] for path, leaf in leaves.items()]
        return (weights * counts(set_paths(background, list(leaves), moved))).sum()

    at = dict.fromkeys(leaves, jnp.asarray(0.0))
    gradient = jax.jit(jax.grad(total))(at)
    step = 1e-5
    for path in leaves:
        up, down = (float(total(at | {path: jnp.asarray(sign * step)})) for sign in (1.0, -1.0))
        assert float(gradient[path]) == pytest.approx((up - down) / (2.0 * step), rel=1e-5, abs=1e-6), path
        assert float(gradient[path]) != 0.0, path


@pytest.mark.parametrize("name", BLOCKS)
def test_float32(name):
    exact = np.asarray(counts(BLOCKS[name]()))
    with jax.enable_x64(False):
        found = np.asarray(counts(BLOCKS[name]()))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, rtol=3e-5, atol=3e-6 * exact.max())


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: TemplateBackground(-1.0, NOMINAL), "events must be positive"),
        (lambda: TemplateBackground(1.0, np.zeros((2, 2))), "the sum of template must be positive"),
        (lambda: TemplateVariation(-UP), "the sum of up must be positive"),
        (lambda: TemplateVariation(UP, 0.0 * DOWN), "the sum of down must be positive"),
        (
            lambda: TemplateBackground(1.0, NOMINAL, {"rise": TemplateVariation(UP[:2])}),
            r"variations\['rise'\] must have the shape \(3, 2\), got \(2, 2\)",
        ),
        (lambda: dataclasses.replace(continuum(), decay_energy_keV=0.0), "decay_energy_keV must be positive"),
        (lambda: dataclasses.replace(lines(), width_keV=-0.1), "width_keV must be positive"),
    ],
)
def test_refused(build, message):
    with pytest.raises(CevnsjaxError, match=message):
        build()


def test_the_shape_of_the_data_is_needed(csi):
    """One column, of data without times, would be added to each of eleven times; photo-electrons are no energies."""
    column = TemplateBackground(1.0, np.ones((9, 1)))
    with pytest.raises(CevnsjaxError, match=r"'brn' must have the shape \(9, 11\) of the data, got \(9, 1\)"):
        dataclasses.replace(csi, backgrounds=csi.backgrounds | {"brn": column})
    with pytest.raises(CevnsjaxError, match="'brn' needs bins in keV, got a response in PE"):
        dataclasses.replace(csi, backgrounds=csi.backgrounds | {"brn": ContinuumBackground(1.0, 1.0, 1.0)})
