"""Experiments that see nuclear lines."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

from cevnsjax.cross_section import NeutralCurrentExcitation, flux_averaged_cross_section
from cevnsjax.errors import ParameterError
from cevnsjax.experiment import Experiment, Joint, level_strength, named_experiment, strength_quenching
from cevnsjax.inference import Model, build_model
from cevnsjax.paths import set_paths
from cevnsjax.validation.nuclear_lines import carbon_line

LINES = ("ccm200-lines", "coherent-csi-lines", "coherent-lar-lines", "coherent-nai-lines")


@pytest.fixture(scope="module")
def argon():
    return named_experiment("ccm200-lines")


@pytest.fixture(scope="module")
def stages(argon):
    """Spectrum, probabilities of bins and of times."""
    return eqx.filter_jit(lambda e: (e.spectrum("nc", "lujan"), e.kernel("nc", "lujan"), e.time_fractions("lujan")))(
        argon
    )


@pytest.mark.parametrize("name", LINES)
def test_projections(name):
    """Their data are their prediction, positive, and a model of them has a finite gradient."""
    experiment = named_experiment(name)
    assert np.all(np.asarray(experiment.observed) > 0.0)
    model = build_model(experiment, "sm")
    values, gradient = eqx.filter_jit(eqx.filter_value_and_grad(lambda v: model.log_density(v)))(model.reference_values)
    assert np.isfinite(values)
    assert all(np.isfinite(value) for value in gradient.values())
    quenchings = [name for name in gradient if name.startswith("strength_quenching")]
    assert len(quenchings) == len(experiment.target.levels)


def test_events_are_cross_section_times_exposure(argon, stages):
    """Nuclei times fluence times flux average, and the shape of one Gaussian for each level."""
    interaction, flux, target = argon.interactions["nc"], argon.sources["lujan"].flux, argon.target
    assert isinstance(interaction, NeutralCurrentExcitation)
    average = flux_averaged_cross_section(interaction, flux, target)
    nuclei = sum(float(target.nuclei_per_kg(name)) for name in target.nuclides)
    found, kernel, _ = stages
    expected = 1e-40 * nuclei * 7000.0 * float(argon.exposure_days) * np.asarray(average * flux.fluence_per_cm2)
    np.testing.assert_allclose(found.total(), expected, rtol=1e-10)
    edges = 1e3 * np.asarray(argon.axes[0].edges)
    cumulative = norm.cdf((edges[:, None] - np.asarray(found.energy_keV)) / 1000.0)
    np.testing.assert_allclose(kernel, np.diff(cumulative, axis=0).T, atol=1e-12)


def test_prompt_window_sees_the_line_of_the_muon_neutrino(argon):
    prompt, *delayed = np.asarray(argon.signal().sum(axis=(1, 2)))
    assert prompt > 10.0 * sum(delayed)


def test_quenching_moves_the_counts_in_proportion(argon):
    twice = set_paths(argon, ["target.nuclides.Ar40.levels.quenching"], [jnp.asarray(1.2, dtype=float)])
    np.testing.assert_allclose(twice.signal(), 2.0 * argon.signal(), rtol=1e-12)


def test_a_level_may_have_its_own_strength(argon, stages):
    """A parameter on one element of the vector of strengths."""
    where = "target.nuclides.Ar40.levels.relative_strength.5"
    slope = jax.jit(jax.grad(lambda value: set_paths(argon, [where], [value]).spectrum("nc", "lujan").events.sum()))
    events = np.asarray(stages[0].events)[:, 5].sum()
    np.testing.assert_allclose(slope(jnp.asarray(1.0)), events, rtol=1e-12)


def test_elastic_and_inelastic_in_one_likelihood(argon):
    """A joint fit shares the norm of the flux; the axial coupling moves both where both have the term."""
    elastic = named_experiment("ccm200")
    joint = Joint.of((elastic, argon), ["lujan_flux_norm"])
    model = build_model(joint, "sm")
    assert "signal_norm" in model.names
    np.testing.assert_allclose(
        joint.log_likelihood(), elastic.log_likelihood() + argon.log_likelihood(), rtol=1e-12, atol=1e-12
    )
    where = "interactions.nc.terms.axial.axial_coupling"
    assert {p.name: p.paths for p in build_model(argon, "sm-axial").parameters}["axial_coupling"] == (where,)
    with pytest.raises(ParameterError, match="Coherent"):
        build_model(argon, "nsi")


def test_strengths_are_computed_after_the_frozen_stage(argon):
    """Folding with the flux happens once, though the strength floats."""
    frozen = build_model(argon, "sm").experiment
    assert isinstance(frozen, Experiment)
    assert ("nc", "lujan") in frozen.frozen.nodes
    assert ("nc", "lujan") in frozen.frozen.kernels


def test_karmen():
    """Both cross sections within one sigma, with the strength of the measured M1 width."""
    karmen = named_experiment("karmen-c12")
    expected, observed = (np.asarray(each).ravel() for each in (karmen.expected(), karmen.observed))
    np.testing.assert_array_equal(observed, [3.2, 10.5])
    distance = (expected - observed) / np.hypot([0.5, 1.0], [0.4, 0.9])
    assert np.all(np.abs(distance) < 1.0)
    assert float(karmen.log_likelihood()) == pytest.approx(-0.5 * np.sum(distance**2), rel=1e-12)
    levels = karmen.target.nuclides["C12"].levels
    twice = set_paths(karmen, ["target.nuclides.C12.levels.quenching"], [2.0 * levels.quenching])
    np.testing.assert_allclose(np.asarray(twice.expected()).ravel(), 2.0 * expected, rtol=1e-12)


def test_distances_from_karmen():
    """The 15.11 MeV line at rest and at finite momentum, in standard deviations of the measurements."""
    distances = {
        (shape, strength): (carbon_line(shape, strength) - [3.2, 10.5]) / np.hypot([0.5, 1.0], [0.4, 0.9])
        for shape in ("long", "finite")
        for strength in (0.43214309886, 0.5395)
    }
    # strength of beta decay: momentum transfer takes 19 % of the delayed part, and leaves nu_mu where it is
    np.testing.assert_allclose(distances["long", 0.43214309886], [-1.0, 0.9], atol=0.1)
    np.testing.assert_allclose(distances["finite", 0.43214309886], [-1.1, -0.8], atol=0.1)
    # strength of gamma decay: far too much at rest
    np.testing.assert_allclose(distances["long", 0.5395], [0.0, 3.0], atol=0.1)
    np.testing.assert_allclose(distances["finite", 0.5395], [-0.1, 0.9], atol=0.1)


def test_nuisances_of_levels(argon, stages):
    """One factor for all levels of a nuclide, and one for a single level."""
    everything, single = strength_quenching("Ar40", 0.6, 0.2), level_strength("Ar40", 11, 0.3)
    model = Model(argon, [everything, single])
    slope = jax.jit(jax.grad(lambda values: model.at(values).signal().sum()))(
        {everything.name: jnp.asarray(0.6), single.name: jnp.asarray(1.0)}
    )
    np.testing.assert_allclose(slope[everything.name], argon.signal().sum() / 0.6, rtol=1e-9)
    spectrum, kernel, fractions = stages
    events = np.asarray(spectrum.events)[:, 11] @ np.asarray(fractions)
    np.testing.assert_allclose(slope[single.name], events.sum() * np.asarray(kernel)[11].sum(), rtol=1e-9)
    assert float(single.prior.log_prob(1.0)) > float(single.prior.log_prob(2.0))
