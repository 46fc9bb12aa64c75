"""Data that are an experiment's own prediction follow what it is made of; data that were measured do not."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.experiment import Experiment, Joint, experiment_kind, named_experiment
from cevnsjax.inference import build_model
from cevnsjax.models import named_model
from cevnsjax.paths import set_number, set_paths

pytestmark = pytest.mark.usefixtures("standard_promotion")


@pytest.fixture(scope="module")
def conus():
    return named_experiment("conus")


@pytest.fixture(scope="module")
def joint(conus):
    return Joint.of([conus, named_experiment("conus-plus")])


def heavier(experiment):
    return set_number(experiment, "mass_kg", 37.3)


@pytest.mark.parametrize(
    ("name", "asimov"),
    [("conus", True), ("reactor-alp-csi-1t", True), ("conus-plus", False), ("coherent-csi-2021", False)],
)
def test_which_data_are_a_prediction(name, asimov):
    experiment = named_experiment(name)
    assert experiment.is_asimov == asimov == (experiment_kind(name) == "projection")
    assert experiment.data_label == ("prediction (Asimov)" if asimov else "data")


def test_what_is_said_of_data(conus):
    measured = conus.with_observed(np.round(np.asarray(conus.observed)))
    assert not measured.is_asimov
    assert measured.asimov().is_asimov
    # replacing a leaf says nothing of data
    assert heavier(conus).is_asimov
    assert not heavier(measured).is_asimov
    for name in ("sm", "nsi", "zprime+electrons"):
        assert named_model(name).prepare(conus).is_asimov
    compiled = eqx.filter_jit(Experiment.asimov)(measured)
    assert compiled.is_asimov
    np.testing.assert_allclose(compiled.observed, measured.expected(), rtol=1e-12)


def test_renewed(conus, joint):
    moved = heavier(conus)
    assert float(moved.observed.sum()) == pytest.approx(1761.25, abs=0.01)
    assert float(moved.renewed().observed.sum()) == pytest.approx(
        10.0 * 1761.249, abs=0.01
    )  # the background has the mass, too
    np.testing.assert_array_equal(moved.renewed().observed, moved.expected())
    measured = conus.with_observed(np.asarray(conus.observed))
    np.testing.assert_array_equal(heavier(measured).renewed().observed, conus.observed)
    # of several, each by itself
    both = joint.map(lambda part: set_number(part, "signal_norm", 2.0))
    renewed = both.renewed()
    assert {name: part.is_asimov for name, part in renewed.parts.items()} == {"conus": True, "conus-plus": False}
    np.testing.assert_array_equal(renewed.observed["conus"], both.expected()["conus"])
    np.testing.assert_array_equal(renewed.observed["conus-plus"], joint.observed["conus-plus"])


def by_replacing(experiment):
    return dataclasses.replace(experiment, mass_kg=37.3)


def by_paths(experiment):
    return set_paths(experiment, ["mass_kg"], [jnp.asarray(37.3)])


def by_tree(experiment):
    return eqx.tree_at(lambda e: e.mass_kg, experiment, jnp.asarray(37.3))


@pytest.mark.parametrize("change", [heavier, by_replacing, by_paths, by_tree])
def test_a_model_is_fitted_to_what_it_was_built_of(conus, change):
    model = build_model(change(conus))
    # the response of the model is made of polynomials: 1e-9 of the peak of each bin
    np.testing.assert_allclose(model.experiment.observed, model.expected(model.reference_values), rtol=1e-9)
    assert float(model.log_likelihood(model.reference_values)) == pytest.approx(0.0, abs=1e-9)
    # and not to what was observed before
    before = model.log_likelihood(model.reference_values, conus.observed)
    assert float(before) < -5.0


def test_the_model_does_not_leak_into_the_data(conus):
    """Nominal couplings are no true values: the data are those of the experiment as it comes."""
    model = build_model(heavier(conus), "zprime")
    np.testing.assert_array_equal(model.experiment.observed, heavier(conus).expected())
    # unless the experiment has them already
    with_zprime = set_number(named_model("zprime").prepare(conus), "interactions.cevns.terms.zprime.coupling", 1e-4)
    model = build_model(with_zprime, "zprime")
    np.testing.assert_allclose(model.experiment.observed, with_zprime.expected(), rtol=1e-12)
    assert not np.allclose(model.experiment.observed, conus.observed, rtol=1e-3)


def test_measured_data_stay(conus):
    counts = np.round(np.asarray(conus.observed))
    model = build_model(heavier(conus.with_observed(counts)))
    np.testing.assert_array_equal(model.experiment.observed, counts)
