"""The experiment as a whole: what is frozen, what is expected, what is refused."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import NSI
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.experiment import Experiment, coherent_csi_2021, freeze
from cevnsjax.flux import PionDecayArrival, Source
from cevnsjax.paths import get_path, leaf_paths, set_paths
from cevnsjax.reached import depends_on
from cevnsjax.response import TemplateResponse
from cevnsjax.response.polynomial import PolynomialResponse

RADIUS = "target.nuclides.Cs133.neutron_form_factor.rms_radius_fm"

# Free paths with the values that they are moved to, and which stages stay constant.
FREE = {
    "norm": ({"signal_norm": 1.7}, {"nodes", "kernel", "time"}),
    "flux": ({"sources.sns.flux.neutrinos_per_proton": 0.1, "mass_kg": 12.0}, {"nodes", "kernel", "time"}),
    "couplings": (
        {"interactions.cevns.terms.sm.weak_mixing_angle_sin2": 0.2, "interactions.cevns.terms.nsi.up.ee": -0.3},
        {"nodes", "kernel", "time"},
    ),
    "times": ({"sources.sns.arrival.pulse.mean_us": 0.6, "window.efficiency_rate_per_us": 0.1}, {"nodes", "kernel"}),
    "radius": ({RADIUS: 5.4}, {"kernel", "time"}),
    "efficiency": ({"response.efficiency.shift": -1.5}, {"nodes", "time"}),
    "all of the detector": (
        {"response.efficiency.shift": 1.5, "quenching.first_component": -1.0, "sources.sns.arrival.pulse.mean_us": 0.3},
        {"nodes"},
    ),
    "light yield": ({"response.inverse_yield_keV_per_PE": 0.07}, {"nodes", "time"}),
    "backgrounds": (
        {"backgrounds.brn.events": 25.0, "backgrounds.nin.times.shift_us": 0.07},
        {"nodes", "kernel", "time"},
    ),
    "pion mass": ({"sources.sns.flux.pion_mass_MeV": 139.0, "response.efficiency.shift": 0.4}, {"time"}),
}
# each is a program of its own
SOME_FREE = [
    pytest.param(name, marks=pytest.mark.slow) if name in ("times", "radius", "light yield", "backgrounds") else name
    for name in FREE
]


@pytest.fixture(scope="module")
def experiment(csi):
    return csi.with_interactions({"cevns": csi.interactions["cevns"].with_terms({"nsi": NSI()})})


@pytest.mark.parametrize("name", SOME_FREE)
def test_frozen_prediction_is_the_prediction(experiment, name):
    values, constant = FREE[name]
    frozen = freeze(experiment, values)
    found = {
        stage
        for stage, value in (
            ("nodes", frozen.frozen.nodes.get(("cevns", "sns"))),
            ("kernel", frozen.frozen.kernels.get(("cevns", "sns"))),
            ("time", frozen.frozen.time_fractions.get("sns")),
        )
        if value is not None
    }
    assert found == constant
    moved = [jnp.array(value) for value in values.values()]
    for left, right in (
        (frozen, experiment),
        (set_paths(frozen, list(values), moved), set_paths(experiment, list(values), moved)),
    ):
        # where a light yield has moved, the experiment's own nodes are placed anew
        rtol = 1e-9 if name == "light yield" else 1e-12
        np.testing.assert_allclose(left.expected(), right.expected(), rtol=rtol, atol=1e-13)
    # ... and it does depend on what is free
    assert not np.allclose(set_paths(frozen, list(values), moved).expected(), frozen.expected(), rtol=1e-6)


@pytest.mark.parametrize("shift", [-3.0, -1.0, 0.0, 1.0, 3.0])
def test_tabulated_response(experiment, shift):
    """Where only quenching moves, the response is made of polynomials: 1e-9 of its peak, so 1e-8 of counts."""
    paths = ["quenching.first_component", "quenching.second_component"]
    frozen = freeze(experiment, paths)
    assert isinstance(frozen.response, PolynomialResponse)
    values = [jnp.array(shift), jnp.array(-0.5 * shift)]
    found = np.asarray(set_paths(frozen, paths, values).signal())
    exact = np.asarray(set_paths(experiment, paths, values).signal())
    np.testing.assert_allclose(found.sum(axis=2), exact.sum(axis=2), rtol=1e-7)
    assert np.max(np.abs(found - exact)) < 1e-9 * exact.max()


def test_a_cheap_response_is_not_tabulated(experiment):
    templates = TemplateResponse([0.0, 1.0, 30.0], np.random.default_rng(2).uniform(size=(3, 9)) / 9.0)
    path = "quenching.first_component"
    blunt = dataclasses.replace(experiment, response=templates, nuisances=())
    frozen = freeze(blunt, [path])
    assert isinstance(frozen.response, TemplateResponse)
    np.testing.assert_allclose(
        *(set_paths(each, [path], [jnp.array(0.7)]).signal() for each in (frozen, blunt)), rtol=1e-8
    )


def test_freezing_twice_is_freezing_once(experiment):
    once = freeze(experiment, ["signal_norm"])
    twice = freeze(once, ["signal_norm"])
    np.testing.assert_allclose(once.expected(), twice.expected(), rtol=1e-14)


def test_unknown_free_path(experiment):
    with pytest.raises(UnknownNameError, match="signal_norm"):
        freeze(experiment, ["signal_nrm"])


def cevns_nodes(experiment):
    return experiment.nodes("cevns", "sns")


def cevns_kernel(experiment):
    return experiment.kernel("cevns", "sns")


def sns_times(experiment):
    return experiment.time_fractions("sns")


DEPENDENCE = {
    cevns_nodes: {
        "sources.sns.flux.pion_mass_MeV",
        RADIUS,
        "target.nuclides.I127.mass_MeV",
    },
    sns_times: {
        "sources.sns.arrival.pulse.mean_us",
        "sources.sns.arrival.pion_lifetime_us",
        "window.efficiency_rate_per_us",
    },
    cevns_kernel: {
        "sources.sns.flux.pion_mass_MeV",
        "target.nuclides.I127.mass_MeV",
        "quenching.first_component",
        "response.efficiency.shift",
        "response.shape_per_keV",
    },
}
ALL_TESTED = set().union(*DEPENDENCE.values()) | {"signal_norm", "mass_kg", "backgrounds.brn.events"}


@pytest.mark.parametrize("stage", DEPENDENCE, ids=lambda stage: stage.__name__)
def test_depends_on(experiment, stage):
    assert {path for path in ALL_TESTED if depends_on(stage, experiment, [path])} == DEPENDENCE[stage]
    assert not depends_on(stage, experiment, [])


def test_depends_on_is_what_differences_say(experiment):
    """Every scalar leaf: if moving it changes a stage, depends_on must know."""
    signal = eqx.filter_jit(Experiment.signal)
    nominal = signal(experiment)
    for path, leaf in leaf_paths(experiment):
        if leaf.shape != () or path.startswith("backgrounds"):
            continue
        moved = set_paths(experiment, [path], [leaf * 1.01 + 1e-3])
        changed = not np.array_equal(signal(moved), nominal)
        assert depends_on(Experiment.signal, experiment, [path]) or not changed, path


def test_expected_is_the_sum_of_contributions(csi):
    parts = csi.contributions()
    assert set(parts) == {"cevns", "brn", "nin", "steady_state"}
    expected = np.asarray(csi.expected())
    assert expected.shape == csi.observed.shape == (2, 9, 11)
    np.testing.assert_allclose(expected[0], sum(parts.values()), rtol=1e-14)
    np.testing.assert_allclose(expected[1], parts["steady_state"], rtol=1e-14)
    np.testing.assert_allclose(parts["cevns"], np.asarray(csi.signal()).sum(axis=0), rtol=1e-14)


def test_backgrounds_have_their_published_totals(csi):
    parts = csi.contributions()
    for name, events in (("brn", 18.4), ("nin", 5.6), ("steady_state", 1286.0)):
        assert float(parts[name].sum()) == pytest.approx(events, rel=1e-12)


def test_signal_scales(csi):
    base = float(csi.signal().sum())
    flux = "sources.sns.flux"
    factors = {"signal_norm": 2, "mass_kg": 2, f"{flux}.protons_on_target": 2, f"{flux}.baseline_m": 0.25}
    for path, factor in factors.items():
        moved = set_paths(csi, [path], [2.0 * get_path(csi, path)])
        assert float(moved.signal().sum()) == pytest.approx(base * factor, rel=1e-12)


def test_observed_totals(csi):
    """1578 coincidence and 1295 anticoincidence events below 60 PE and 6 us, counted independently of the package."""
    np.testing.assert_array_equal(np.asarray(csi.observed).sum(axis=(1, 2)), [1578.0, 1295.0])


def test_binning_leaves_totals_alone(csi):
    coarse = coherent_csi_2021(photoelectron_edges_PE=(0.0, 60.0), time_edges_us=(0.0, 6.0))
    np.testing.assert_array_equal(np.asarray(coarse.observed).sum(), np.asarray(csi.observed).sum())
    # one bin of 60 PE has eight nodes for what ten bins have seventy-two for
    finer = dataclasses.replace(coarse, response=dataclasses.replace(coarse.response, order=64))
    np.testing.assert_allclose(float(finer.signal().sum()), float(csi.signal().sum()), rtol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"photoelectron_edges_PE": (0.5, 8.0)}, "photoelectron_edges_PE must be multiples of 1.0 PE"),
        ({"time_edges_us": (0.0, 0.1)}, "time_edges_us must be multiples of 0.125 us"),
        ({"time_edges_us": (1.0, 0.0)}, "time_edges_us must be finite and increase"),
    ],
)
def test_edges_are_checked(arguments, message):
    with pytest.raises(CevnsjaxError, match=message):
        coherent_csi_2021(**arguments)


def test_asimov(csi):
    asimov = csi.asimov()
    np.testing.assert_array_equal(asimov.observed, csi.expected())
    np.testing.assert_array_equal(asimov.expected(), csi.expected())


def test_with_observed(csi):
    counts = np.arange(198).reshape(2, 9, 11)
    changed = csi.with_observed(counts)
    np.testing.assert_array_equal(changed.observed, counts)
    assert changed.observed.dtype == csi.observed.dtype
    np.testing.assert_array_equal(changed.expected(), csi.expected())
    with pytest.raises(CevnsjaxError, match=r"shape \(2, 9, 11\), got \(9, 11\)"):
        csi.with_observed(counts[0])
    for bad in (-1.0, np.nan, np.inf):
        broken = counts.astype(float)
        broken[0, 0, 0] = bad
        with pytest.raises(CevnsjaxError, match="observed counts must be finite and not negative"):
            csi.with_observed(broken)


def test_parts_must_fit(csi):
    class TwoComponents(PionDecayArrival):
        components: tuple[str, ...] = eqx.field(static=True, default=("nu_mu", "nu_e"), init=False)

    with pytest.raises(CevnsjaxError, match="arrival must have every component that the flux comes from"):
        Source(csi.sources["sns"].flux, TwoComponents(csi.sources["sns"].arrival.pulse))
    with pytest.raises(CevnsjaxError, match=r"sample 'coincidence' names neutrons, known"):
        dataclasses.replace(csi, samples={"coincidence": ("signal", "neutrons")})
    with pytest.raises(CevnsjaxError, match="mass_kg must be positive"):
        dataclasses.replace(csi, mass_kg=0.0)
