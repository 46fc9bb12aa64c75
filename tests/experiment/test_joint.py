"""Several experiments together: what they share, what they do not, and what their likelihood is."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray
from scipy.stats import poisson, truncnorm

from cevnsjax.cross_section import ElectronScattering
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.experiment import (
    NO_TIMES,
    Axis,
    ContinuumBackground,
    Experiment,
    GaussianLikelihood,
    Joint,
    freeze,
    named_experiment,
    plot_prediction,
)
from cevnsjax.experiment import plots as experiment_plots
from cevnsjax.flux import MonoEnergetic, Source
from cevnsjax.inference import Model, Posterior, build_model, plot_spectrum
from cevnsjax.models import named_model
from cevnsjax.parameter import Parameter
from cevnsjax.paths import get_path, set_paths
from cevnsjax.response import GaussianResponse, Resolution, TimeWindow

CSI = "coherent-csi-2021"
SHARED = ("brn_events", "sns_flux_norm")
VALUES = {
    "signal_norm": 0.8,
    "brn_events": 21.0,
    f"{CSI}.nin_events": 7.0,
    "second.nin_events": 4.0,
}


@pytest.fixture(scope="module")
def second(csi):
    return dataclasses.replace(csi, name="second", mass_kg=20.0)


@pytest.fixture(scope="module")
def joint(csi, second):
    # not in the order of the alphabet
    return Joint.of([second, csi], SHARED)


@pytest.fixture(scope="module")
def model(joint):
    return build_model(joint, fixed=[p.name for p in joint.nuisances if p.name not in VALUES])


@pytest.fixture(scope="module")
def expected(joint, model):
    """Expected counts of each experiment by itself at the values, not frozen."""
    free = [(path, VALUES[p.name]) for p in model.parameters for path in p.paths]
    at = set_paths(joint, [path for path, _ in free], [jnp.asarray(value) for _, value in free])
    counts = eqx.filter_jit(Experiment.expected)
    return {name: np.asarray(counts(part)) for name, part in at.parts.items()}


@pytest.fixture(scope="module")
def found(model):
    """Log-likelihood, expected counts, Asimov data and derived values of the frozen model."""

    @eqx.filter_jit
    def compute(model, values):
        asimov = model.at(values).asimov()
        return model.log_likelihood(values), model.expected(values), asimov.observed, model.derived_values(values)

    return jax.tree.map(np.asarray, compute(model, VALUES))


def with_prior(experiment, name, prior, unit=None):
    nuisances = tuple(
        dataclasses.replace(p, prior=prior, unit=p.unit if unit is None else unit) if p.name == name else p
        for p in experiment.nuisances
    )
    return dataclasses.replace(experiment, nuisances=nuisances)


def test_likelihoods_add_up(joint, expected, found):
    """By SciPy's probabilities of all counts of both."""
    exact = 0.0
    for name, part in joint.parts.items():
        seen = np.asarray(part.observed)
        exact += (poisson.logpmf(seen, expected[name]) - poisson.logpmf(seen, seen)).sum()
    assert float(found[0]) == pytest.approx(exact, rel=1e-10)
    # the signal of 20 kg and that of 14.6 kg: what both samples have in common, and the neutrons, taken away
    signals = {name: counts[0].sum() - counts[1].sum() for name, counts in expected.items()}
    more = signals["second"] - 25.0, signals[CSI] - 28.0
    assert more[0] / more[1] == pytest.approx(20.0 / 14.6, rel=1e-9)


def test_frozen(model, expected, found):
    assert all(part.frozen.kernels and part.frozen.time_fractions for part in model.experiment.parts.values())
    assert list(found[1]) == [CSI, "second"]  # sorted
    for name, counts in expected.items():
        np.testing.assert_allclose(found[1][name], counts, rtol=1e-11)


def test_asimov(joint, expected, found):
    for name in joint.names:
        np.testing.assert_array_equal(found[2][name], found[1][name])
    # and data by name, from outside
    other = joint.with_observed(expected)
    np.testing.assert_array_equal(other.experiments["second"].observed, expected["second"])
    with pytest.raises(CevnsjaxError, match=f"must have the names \\['second', '{CSI}'\\], got \\['second'\\]"):
        joint.with_observed({"second": expected["second"]})


def test_shared_and_own_parameters(joint, model, csi):
    own = {p.name for p in csi.nuisances} - set(SHARED)
    names = [p.name for p in joint.nuisances]
    assert len(set(names)) == len(names)
    assert set(names) == {*SHARED, *(f"{name}.{each}" for name in ("second", CSI) for each in own)}
    paths = {p.name: p.paths for p in joint.nuisances}
    leaf = "backgrounds.brn.events"
    assert paths["brn_events"] == (f"experiments.second.{leaf}", f"experiments.{CSI}.{leaf}")
    assert paths["second.nin_delay"] == ("experiments.second.backgrounds.nin.times.shift_us",)
    at = model.at(VALUES)
    events = {name: {b: float(part.backgrounds[b].events) for b in ("brn", "nin")} for name, part in at.parts.items()}
    assert events == {"second": {"brn": 21.0, "nin": 4.0}, CSI: {"brn": 21.0, "nin": 7.0}}
    # the prior of what is shared counts once
    widths = {p.name: (float(p.prior.base_dist.loc), float(p.prior.base_dist.scale)) for p in csi.nuisances[5:7]}
    each = ((n, *widths[n.split(".")[-1]]) for n in VALUES if n != "signal_norm")
    exact = np.log(1 / 3.0) + sum(truncnorm.logpdf(VALUES[n], -m / s, np.inf, m, s) for n, m, s in each)
    assert {p.name for p in model.parameters} == set(VALUES)
    assert float(model.log_prior(VALUES)) == pytest.approx(exact, rel=1e-9)


def test_order_is_kept(joint, model, second, csi):
    """Transformations sort dictionaries; the first of several experiments stays the first."""
    for each in (joint, jax.tree.map(lambda leaf: leaf, joint), model.experiment, model.at(VALUES)):
        assert each.name == f"second,{CSI}"
        assert list(each.parts) == ["second", CSI]
        assert [part.name for part in each.parts.values()] == ["second", CSI]
    assert [d.name for d in model.derived] == ["second.cevns_events", f"{CSI}.cevns_events"]


def test_derived_numbers_are_those_of_each(found):
    events = found[3]
    assert float(events["second.cevns_events"] / events[f"{CSI}.cevns_events"]) == pytest.approx(20.0 / 14.6, rel=1e-12)


def test_a_parameter_of_the_model_sets_all(joint):
    model = named_model("zprime+electrons", joint)
    prepared = model.prepare(joint)
    parameters = {p.name: p for p in model.parameters(prepared)}
    for name, leaf in (("mass", "mass_MeV"), ("coupling", "coupling")):
        ends = [f"interactions.{key}.terms.zprime.{leaf}" for key in ("cevns", "electrons")]
        assert parameters[name].paths == tuple(f"experiments.{e}.{end}" for e in ("second", CSI) for end in ends)
        assert {float(get_path(prepared, path)) for path in parameters[name].paths} == {
            float(get_path(prepared, parameters[name].paths[0]))
        }
    assert model.free_by_default(prepared) == named_model("zprime").free_by_default(prepared.parts[CSI])
    assert named_model("zprime", joint.parts[CSI]) is named_model("zprime")


def test_derived_of_a_model_is_that_of_the_first(joint):
    """What a model adds has the same value in all: it is reported once."""
    model, alone = named_model("nsi", joint), named_model("nsi")
    prepared = model.prepare(joint)
    path = "interactions.cevns.terms.nsi.up.ee"
    prepared = set_paths(prepared, [f"experiments.{name}.{path}" for name in joint.names], [jnp.asarray(0.2)] * 2)
    assert model.derived
    for one, single in zip(model.derived, alone.derived, strict=True):
        assert (one.name, one.unit) == (single.name, single.unit)
        np.testing.assert_array_equal(one.function(prepared), single.function(prepared.parts["second"]))


def test_fluxes_of_their_own_are_free(csi, second):
    """One norm of the signal cannot be told from one norm of all fluxes, but from two."""
    sm = named_model("sm", Joint.of([csi, second]))
    apart = sm.free_nuisances(Joint.of([csi, second]))
    assert {"second.sns_flux_norm", f"{CSI}.sns_flux_norm"} <= set(apart)
    assert "sns_flux_norm" not in sm.free_nuisances(Joint.of([csi, second], ["sns_flux_norm"]))


def test_a_model_that_one_cannot_have(csi, second):
    bare = dataclasses.replace(second, interactions={"electrons": ElectronScattering.on(second.target)})
    message = "The model cannot be used for second: The term 'nsi' needs an interaction of the kind Coherent"
    with pytest.raises(ParameterError, match=message):
        build_model(Joint.of([csi, bare]), "nsi")


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda a, b: Joint.of([a, a]), CevnsjaxError, f"must differ, got {CSI}, {CSI}"),
        (lambda a, b: Joint.of([a]), CevnsjaxError, "at least two experiments"),
        (lambda a, b: Joint({"x": a, "second": b}), CevnsjaxError, "must have their own names as keys"),
        (lambda a, b: Joint.of([a, b], ["brn_event"]), UnknownNameError, "to share called 'brn_event'; did you mean"),
        (
            lambda a, b: Joint.of([a, dataclasses.replace(b, nuisances=())], ["brn_events"]),
            ParameterError,
            "Only one of the experiments has the nuisance parameter 'brn_events'",
        ),
        (
            lambda a, b: Joint.of([a, with_prior(b, "brn_events", dist.Normal(18.4, 4.6))], ["brn_events"]),
            ParameterError,
            r"'brn_events' cannot be shared: its priors are TruncatedNormal\(18.4, .* and Normal\(18.4, 4.6\) events",
        ),
        (
            lambda a, b: Joint.of([a, with_prior(b, "brn_delay", a.nuisances[-1].prior, "ns")], ["brn_delay"]),
            ParameterError,
            "'brn_delay' cannot be shared",
        ),
    ],
)
def test_refused(csi, second, build, error, message):
    with pytest.raises(error, match=message):
        build(csi, second)


def test_priors_must_agree_in_every_digit(csi, second):
    one, other = (with_prior(e, "brn_events", dist.Uniform(0.0, high)) for e, high in ((csi, 50.0), (second, 50.00001)))
    with pytest.raises(ParameterError, match="cannot be shared"):
        Joint.of([one, other], ["brn_events"])


def test_free_paths_must_exist(joint):
    for path in ("signal_norm", "experiments.third.signal_norm", f"experiments.{CSI}.signal_nrm"):
        with pytest.raises(UnknownNameError, match="no path called"):
            freeze(joint, [path])
    with pytest.raises(UnknownNameError, match=r"no path called 'signal_norm'; did you mean .*second\.signal_norm'"):
        Model(joint, [Parameter("signal_norm", dist.Uniform(0.0, 3.0), "signal_norm")])


def test_by_name(monkeypatch, csi, second):
    catalogue = {CSI: lambda: csi, "second": lambda: second}
    monkeypatch.setattr("cevnsjax.experiment.catalogue.EXPERIMENTS", catalogue)
    both = named_experiment(f"second, {CSI}", ["brn_events"])
    assert isinstance(both, Joint)
    assert (both.name, both.shared) == (f"second,{CSI}", ("brn_events",))
    assert named_experiment(" second ") is second
    for name, share, message in (
        (f"{CSI},third", (), "no experiment called 'third'"),
        (f"{CSI},", (), "no experiment called ''"),
        (f"{CSI},{CSI}", (), "must differ"),
        (CSI, ("brn_events",), "Sharing brn_events needs at least two experiments"),
    ):
        with pytest.raises(CevnsjaxError, match=message):
            named_experiment(name, share)


def test_arrival_of_another_flux(csi):
    with pytest.raises(
        CevnsjaxError, match=r"got \('nu_mu', 'nu_e', 'nu_mu_bar'\) for \('nu_e_bar',\); .* is Source.steady"
    ):
        Source(MonoEnergetic("nu_e_bar", 30.0), csi.sources["sns"].arrival)


def test_files_of_a_posterior(model, joint, csi, tmp_path, monkeypatch):
    """Groups of the NetCDF file, and a row of panels for each experiment, in their order."""
    generator = np.random.default_rng(1)
    samples = {name: value * generator.uniform(0.9, 1.1, (2, 5)) for name, value in VALUES.items()}
    posterior = Posterior(model, samples, {"diverging": np.zeros((2, 5), dtype=bool)})
    posterior.to_netcdf(tmp_path / "posterior.nc")

    def group(name):
        return xarray.load_dataset(tmp_path / "posterior.nc", group=name, engine="h5netcdf")

    stored = group("posterior")
    np.testing.assert_array_equal(stored["second.nin_events"], samples["second.nin_events"])
    events = [stored[f"{name}.cevns_events"] for name in joint.names]
    np.testing.assert_allclose(events[0] / events[1], 20.0 / 14.6, rtol=1e-12)
    assert events[0].attrs["unit"] == "events"
    assert group("sample_stats")["diverging"].shape == (2, 5)
    for name in joint.names:
        np.testing.assert_array_equal(group("observed_data")[f"counts {name}"], csi.observed)
        assert list(group("observed_data")[f"sample {name}"].values) == ["coincidence", "anticoincidence"]

    panels, draw = [], experiment_plots._projection

    def record(axis, panel, colours, log_axes):
        panels.append((axis, panel.components, np.diff(panel.edges) if panel.widths_differ else 1.0))
        draw(axis, panel, colours, log_axes)

    monkeypatch.setattr(experiment_plots, "_projection", record)
    plot_spectrum(posterior, tmp_path / "spectrum.svg")
    titles = [axis.get_title(loc="left") for axis, *_ in panels]
    assert titles == ["second: coincidence, 1578 events", "", f"{CSI}: coincidence, 1578 events", ""]
    assert [axis.get_xlabel()[:4] for axis, *_ in panels] == ["phot", "time"] * 2
    means = [(components["cevns"] * widths).sum() for _, components, widths in panels]
    np.testing.assert_allclose(means, np.repeat([float(each.mean()) for each in events], 2), rtol=1e-9)
    assert (tmp_path / "spectrum.svg").stat().st_size > 10_000


def test_rows_of_different_experiments(csi, tmp_path, monkeypatch):
    """A component has its colour in all panels, and none that another one has; data below zero are in sight."""
    edges = np.arange(131.0)
    continuum = ContinuumBackground(1.0, 1.0, 1.0)
    rates = dataclasses.replace(
        csi,
        name="rates",
        backgrounds={"continuum": continuum, "nin": continuum},
        nuisances=csi.nuisances[:1],
        samples={"on": ("signal", "continuum", "nin")},
        response=GaussianResponse(edges, Resolution(noise_keV=1.0)),
        window=TimeWindow(NO_TIMES.edges),
        observed=np.where(np.arange(130) % 2, 3.0, -4.0)[None, :, None],
        axes=(Axis("ionisation_energy_keV", edges), NO_TIMES),
        quantity="rate",
        likelihood=GaussianLikelihood(2.0),
    )
    panels, draw = [], experiment_plots._projection

    def record(axis, panel, colours, log_axes):
        draw(axis, panel, colours, log_axes)
        panels.append((axis, {name: colours[name] for name in panel.components}))

    monkeypatch.setattr(experiment_plots, "_projection", record)
    monkeypatch.setattr(
        Experiment,
        "contributions",
        lambda e: {name: jnp.ones(e.observed.shape[1:]) for name in (*e.interactions, *e.backgrounds)},
    )
    plot_prediction(Joint.of([csi, rates]), tmp_path / "rows.svg")
    assert len(panels) == 3  # no panel for the times that rates do not have
    of_csi, of_rates = panels[0][1], panels[2][1]
    assert of_csi["nin"] == of_rates["nin"]
    every = of_csi | of_rates
    assert set(every) == {"steady_state", "brn", "nin", "continuum", "cevns"}
    assert len(set(every.values())) == len(every)
    assert panels[0][0].get_ylim()[0] == 0.0
    axis = panels[2][0]
    assert axis.get_ylim()[0] < -6.0
    assert axis.get_ylabel() == "rate"
    assert axis.get_xlabel() == "ionisation energy / keV"
    assert axis.get_title(loc="left") == "rates: on"
    (legend,) = axis.figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert len(labels) == len(set(labels)) == 7
    assert labels[-2:] == ["expected", "data"]
