"""Interactions are changed inside of jit and grad as outside of them, whatever recoils."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import ElectronScattering, LightVector
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import named_experiment


@pytest.fixture(scope="module")
def germanium():
    return named_experiment("conus-plus")


@pytest.fixture(scope="module")
def with_electrons(germanium):
    return germanium.with_interactions({"electrons": ElectronScattering.on(germanium.target)})


def with_boson(experiment, coupling):
    """A boson in every interaction that the experiment has."""
    extended = {
        name: each.with_terms({"zprime": LightVector(1.0, coupling)}) for name, each in experiment.interactions.items()
    }
    return experiment.with_interactions(extended)


@pytest.mark.parametrize("name", ["germanium", pytest.param("with_electrons", marks=pytest.mark.slow)])
def test_terms(name, request):
    """Closed over by jit, as its argument, and with a derivative: the signal of the eager experiment."""
    experiment = request.getfixturevalue(name)

    def events(experiment, coupling):
        return with_boson(experiment, coupling).signal().sum()

    coupling = jnp.asarray(1e-4)
    eager = float(events(experiment, coupling))
    assert eager > 1.01 * float(experiment.signal().sum())
    np.testing.assert_allclose(jax.jit(lambda g: events(experiment, g))(coupling), eager, rtol=1e-12)
    np.testing.assert_allclose(eqx.filter_jit(events)(experiment, coupling), eager, rtol=1e-12)
    slope = jax.jit(jax.grad(lambda g: events(experiment, g)))(coupling)
    step = 1e-8
    difference = (events(experiment, coupling + step) - events(experiment, coupling - step)) / (2.0 * step)
    np.testing.assert_allclose(slope, difference, rtol=1e-6)


def test_nodes_of_what_is_added(germanium, with_electrons):
    """Nodes of nuclei stay, those of electrons come: the same as of an experiment that was built so."""
    anew = dataclasses.replace(germanium, interactions=with_electrons.interactions)
    assert with_electrons.panels == anew.panels
    bare = germanium.unplaced().with_interactions(with_electrons.interactions)
    assert bare.panels == germanium.panels
    assert list(bare.interactions) == ["cevns", "electrons"]


def test_a_recoil_without_nodes_is_refused(germanium):
    """Nodes for electrons cannot be placed inside; what was placed outside can be replaced there."""
    with pytest.raises(CevnsjaxError, match="outside of jit"):
        jax.jit(lambda: _with_electrons(germanium).signal())()


def test_replaced_electrons(with_electrons):
    """Where electrons have nodes their interaction may be made anew inside, shells and all."""
    outside = _with_electrons(with_electrons).signal().sum()
    inside = eqx.filter_jit(lambda e: _with_electrons(e).signal().sum())(with_electrons)
    np.testing.assert_allclose(inside, outside, rtol=1e-12)
    terms = {"nsi": LightVector(1.0, 0.0)}
    inside = jax.jit(lambda: _with_electrons(with_electrons, terms).signal().sum())()
    np.testing.assert_allclose(inside, outside, rtol=1e-12)


def _with_electrons(experiment, terms=None):
    electrons = ElectronScattering.on(experiment.target)
    electrons = electrons.with_terms(terms) if terms else electrons
    return experiment.with_interactions({"electrons": electrons})
