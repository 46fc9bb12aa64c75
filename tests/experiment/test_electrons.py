"""Electron recoils reach as far as the detector sees: known numbers, and an adaptive quadrature between steps."""

import functools
import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.experiment import EXPERIMENTS
from cevnsjax.models import named_model
from cevnsjax.paths import set_paths

pytestmark = pytest.mark.slow  # an adaptive quadrature of each

EVENTS = {
    ("pip2-bd", None): 108.1,
    ("ccm200", None): 2.66e-2,
    ("coherent-lar", None): 1.25e-3,
    ("ccm200", 3e-9): 166.0,
    ("coherent-lar", 3e-9): 5.63,
}


@functools.cache
def prepared(name, moment):
    model = named_model("sm+electrons" if moment is None else "magnetic-moment+electrons")
    experiment = model.prepared(EXPERIMENTS[name]())
    if moment is None:
        return experiment
    path = "interactions.electrons.terms.magnetic.moment.ee"  # of the nu_e alone
    return set_paths(experiment, [path], [jnp.asarray(moment)])


@functools.cache
def events(name, moment):
    """Electrons in all bins."""
    return float(eqx.filter_jit(lambda e: e.signals())(prepared(name, moment))["electrons"].sum())


@pytest.mark.parametrize(("name", "moment"), EVENTS)
def test_number_of_events(name, moment):
    expected = EVENTS[name, moment]
    half_a_digit = 0.5 * 10.0 ** (np.floor(np.log10(expected)) - 2)
    assert events(name, moment) == pytest.approx(expected, abs=half_a_digit if name != "pip2-bd" else 0.05)


@pytest.mark.parametrize(("name", "moment"), EVENTS)
def test_adaptive_quadrature(name, moment):
    """Over the logarithm of the recoil energy, from each binding energy to the next one."""
    experiment = prepared(name, moment)
    (source,) = experiment.seen_by("electrons")
    interaction, flux = experiment.interactions["electrons"], experiment.sources[source].flux
    fractions = experiment.time_fractions(source).sum(axis=1)

    @eqx.filter_jit
    def rate(experiment, logarithm):
        recoil_keV = jnp.exp(logarithm)[None]
        density = interaction.recoil_density(recoil_keV, flux, experiment.target)[:, 0]
        seen = experiment.response.kernel(recoil_keV)[0].sum()
        return recoil_keV[0] * (fractions * density).sum() * seen

    ends_MeV = np.asarray(flux.break_points_MeV)
    steps_keV = np.concatenate(
        [
            np.asarray(interaction.shells.binding_energy_keV),
            1e3 * 2.0 * ends_MeV**2 / (0.51099895 + 2.0 * ends_MeV),
            np.asarray(experiment.response.kinks_keV),
            np.geomspace(1e-2, 5e4, 20),
        ]
    )
    edges = np.log(np.unique(steps_keV[(steps_keV >= 1e-2)]))
    mass = float(experiment.mass_kg)
    pieces = [
        quad(lambda u: float(rate(experiment, jnp.asarray(u))), a, b, epsrel=1e-9, epsabs=0.0, limit=100)[0]
        for a, b in itertools.pairwise(edges)
        if float(rate(experiment, jnp.asarray(0.5 * (a + b)))) > 0.0
    ]
    np.testing.assert_allclose(events(name, moment), mass * sum(pieces), rtol=1e-6)
