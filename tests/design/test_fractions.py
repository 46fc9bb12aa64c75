"""Fractions as design variables: of isotopes, of materials, of the time without the source."""

import dataclasses
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest
from scipy.optimize import minimize_scalar

from cevnsjax.cli.spectrum import bin_rows, prediction
from cevnsjax.design import Enrichment, MassFraction, PosteriorWidth, SourceOff, build_study, optimise
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.experiment import Joint, named_experiment
from cevnsjax.experiment.projection import projections
from cevnsjax.paths import set_paths
from cevnsjax.target import compound
from cevnsjax.target.nuclide import nuclide_table

pytestmark = pytest.mark.usefixtures("standard_promotion")


def test_enrichment_keeps_the_ratios_of_the_others(small):
    """Counts, and the molar mass from the atomic masses of the table."""
    variable = Enrichment(name="e", nuclide="Ge76", low=0.01, high=0.95)
    before = {name: float(count) for name, count in small.target.nuclei_per_formula_unit.items()}
    assert variable.nominal(small) == pytest.approx(before["Ge76"], rel=1e-6)
    paths, values = variable.paths(small), [float(each) for each in variable.leaves(jnp.array(0.87), small)]
    counts = {path.rpartition(".")[2]: value for path, value in zip(paths[:-1], values[:-1], strict=True)}
    assert counts["Ge76"] == pytest.approx(0.87, rel=1e-6)
    assert sum(counts.values()) == pytest.approx(1.0)
    assert counts["Ge70"] / counts["Ge74"] == pytest.approx(before["Ge70"] / before["Ge74"])
    table = nuclide_table()
    masses = dict(zip(table["name"].tolist(), table["atomic_mass_u"].tolist(), strict=True))
    assert values[-1] == pytest.approx(sum(counts[name] * masses[name] for name in counts), rel=1e-7)


BOTH = {"material": "CsI", "rest": "NaI"}


@pytest.mark.parametrize("fraction", [0.1, 0.87])
def test_mass_fractions_are_those_of_a_formula(small, fraction):
    """A gram of the mixture from moles of either, written as a formula; nothing but the counts of nuclei is moved."""
    mixed = eqx.tree_at(lambda e: e.target, small, compound("(CsI)0.5(NaI)0.5"))
    variable = MassFraction(name="csi", low=0.05, high=0.95, **BOTH)
    paths, leaves = variable.paths(mixed), variable.leaves(jnp.array(fraction), mixed)
    target = set_paths(mixed, paths, leaves).target
    csi, nai = 259.80992, 149.89424  # g/mol, of standard atomic weights
    written = compound(f"(CsI){fraction / csi}(NaI){(1.0 - fraction) / nai}")
    assert set(target.nuclides) == set(written.nuclides) == {"Cs133", "I127", "Na23"}
    for name in written.nuclides:
        assert float(target.nuclei_per_kg(name)) == pytest.approx(float(written.nuclei_per_kg(name)), rel=1e-6)
    assert all("nuclei_per_formula_unit" in path for path in paths)
    assert variable.nominal(set_paths(mixed, paths, leaves)) == pytest.approx(fraction, rel=1e-6)


def test_mass_fraction_of_heavy_water(small):
    """Natural water is a mixture too, of no heavy one; one molecule of each is 20.03 of 38.04 g."""
    variable = MassFraction(name="heavy", material="D2O", rest="H2O", low=0.01, high=0.99)
    for formula, fraction in (("H2O", 0.0), ("(D2O)1(H2O)1", 20.0276 / (20.0276 + 18.0153))):
        water = eqx.tree_at(lambda e: e.target, small, compound(formula))
        assert variable.nominal(water) == pytest.approx(fraction, abs=1e-5)


def test_signal_of_a_mixture(small):
    """Events of a given mass are those of both materials in proportion, and so is their slope."""
    target = "(CsI)0.5(NaI)0.5"
    variable = MassFraction(name="csi", low=0.05, high=0.95, **BOTH)
    mixed, *alone = (dataclasses.replace(small, target=compound(each)) for each in (target, "CsI", "NaI"))
    csi, nai = (float(each.expected().sum()) for each in alone)

    @jax.jit
    @jax.value_and_grad
    def events(fraction):
        return set_paths(mixed, variable.paths(mixed), variable.leaves(fraction, mixed)).expected().sum()

    for fraction in (0.05, 0.6):
        found, slope = events(jnp.array(fraction))
        assert float(found) == pytest.approx(fraction * csi + (1.0 - fraction) * nai, rel=1e-7)
        assert float(slope) == pytest.approx(csi - nai, rel=1e-6)


@pytest.fixture(scope="module")
def on_off_file(tmp_path_factory):
    """A detector of one bin, with a sample without a source in a quarter of the time."""
    text = (Path(__file__).parent / "small.toml").read_text()
    on, off = 'beam_on = ["signal", "steady_state"]\n', 'source_off = ["steady_state"]\n'
    for before, after in (
        ("[0.3, 1.0, 3.0]", "[0.3, 3.0]"),
        ("counts_per_keV_kg_day = 0.1", "counts_per_keV_kg_day = 2"),
        (on, f"{on}{off}\n[time_ratios]\nsource_off = 0.25\n"),
    ):
        assert before in text
        text = text.replace(before, after)
    file = tmp_path_factory.mktemp("on_off") / "on_off.toml"
    file.write_text(text)
    return str(file)


@pytest.fixture(scope="module")
def on_off(on_off_file):
    return named_experiment(on_off_file)


OFF = SourceOff(name="off", sample="source_off", low=0.02, high=0.9)
NORMS = ("signal_norm", "steady_state_norm")


def rates(experiment):
    """Signal and background of the whole time, 1.25 times that with the source."""
    counts = experiment.contributions()
    return [1.25 * float(counts[name].sum()) for name in ("cevns", "steady_state")]


def on_off_study(experiment, prior):
    return build_study(experiment, [OFF], PosteriorWidth(NORMS[:1]), free=NORMS, priors={"steady_state_norm": prior})


def test_time_without_the_source(on_off):
    """Counts of the second sample are those of the background in a quarter of the time."""
    assert OFF.nominal(on_off) == pytest.approx(0.2)
    expected, counts = np.asarray(on_off.expected()), on_off.contributions()
    background = np.asarray(counts["steady_state"])
    np.testing.assert_allclose(expected[1], 0.25 * background, rtol=1e-12)
    np.testing.assert_allclose(expected[0], background + np.asarray(counts["cevns"]), rtol=1e-12)
    # and so where samples are shown
    (row,) = bin_rows("small", prediction(on_off))[1:]
    assert row["steady_state"] == row["expected"] == row["prediction"] == pytest.approx(expected[1].item(), rel=1e-12)
    shorter = dataclasses.replace(on_off, time_ratios={"beam_on": 0.5})
    (shown,) = projections(shorter, counts, None)[0]
    np.testing.assert_allclose(shown.expected, 0.5 * expected[0].ravel(), rtol=1e-12)


def test_on_off_counting(on_off):
    """The variance of a difference of two counts, and its minimum, in closed form."""
    s, b = rates(on_off)
    study = on_off_study(on_off, dist.Uniform(0.0, 10.0))
    for f in (0.02, 0.2, 0.6, 0.9):
        wanted = np.sqrt((s + b) / (1.0 - f) + b / f) / s
        assert float(study.judged(jnp.array([f]))) == pytest.approx(wanted, rel=1e-8)
    best = optimise(study, starts=2)
    assert best.values["off"] == pytest.approx(np.sqrt(b) / (np.sqrt(b) + np.sqrt(s + b)), rel=1e-3)


def test_on_off_counting_with_a_prior(on_off):
    """A background known beside is a third measurement: the minimum is that of SciPy, and less time without source."""
    s, b = rates(on_off)

    def sd(f, error=0.02):
        known = b * f + (s + b) * (1.0 - f) * (b / (s + b)) ** 2 + error**-2.0  # information about the background
        signal = s**2 * (1.0 - f) / (s + b)
        return (signal - (s * b * (1.0 - f) / (s + b)) ** 2 / known) ** -0.5

    study = on_off_study(on_off, dist.Normal(1.0, 0.02))
    assert float(study.judged(jnp.array([0.3]))) == pytest.approx(sd(0.3), rel=1e-8)
    wanted = minimize_scalar(sd, bounds=(0.02, 0.9), method="bounded", options={"xatol": 1e-8})
    best = optimise(study, starts=1)
    assert best.objective == pytest.approx(wanted.fun, rel=1e-8)
    assert best.values["off"] == pytest.approx(wanted.x, rel=1e-2)
    assert wanted.x < 0.9 * np.sqrt(b) / (np.sqrt(b) + np.sqrt(s + b))


def test_on_off_gradient(on_off_file, precision):
    """That of the closed form, in both precisions, at the bounds too."""
    experiment = named_experiment(on_off_file)
    s, b = rates(experiment)
    study = on_off_study(experiment, dist.Uniform(0.0, 10.0))
    slope = jax.jit(jax.grad(study.judged))
    for f in (0.02, 0.2, 0.9):
        found = slope(jnp.array([f], dtype=precision))[0]
        sd = np.sqrt((s + b) / (1.0 - f) + b / f) / s
        wanted = ((s + b) / (1.0 - f) ** 2 - b / f**2) / s**2 / (2.0 * sd)
        assert found.dtype == precision
        assert float(found) == pytest.approx(wanted, rel=1e-7 if precision == "float64" else 2e-3)


def test_bad_enrichment(small):
    with pytest.raises(ParameterError, match="a fraction, whose bounds"):
        Enrichment(name="e", nuclide="Ge76", low=0.0, high=0.9)
    with pytest.raises(UnknownNameError, match="Ge75"):
        Enrichment(name="e", nuclide="Ge75", low=0.1, high=0.9).paths(small)


@pytest.mark.parametrize(
    ("target", "given", "sentence"),
    [
        ("CsI", BOTH, r"with the nuclides Cs133, I127, Na23, got Cs133, I127; its formula may be \(CsI\)0.5\(NaI\)0.5"),
        ("(CsI)0.5(NaI)0.5", {**BOTH, "rest": "Xx"}, "Xx"),
        ("CsI", {"material": "CsI", "rest": "CsI"}, "needs two materials, got CsI and CsI"),
        ("CsI2", {"material": "CsI", "rest": "(CsI)3"}, "needs two materials"),
        ("(Cs)3I", {"material": "CsI", "rest": "CsI3"}, "is no mixture of CsI and CsI3, as 'm' needs"),
        ("CsI3Na", {**BOTH}, "is no mixture"),
    ],
)
def test_bad_mixtures(small, target, given, sentence):
    changed = eqx.tree_at(lambda e: e.target, small, compound(target))
    variable = MassFraction(name="m", low=0.1, high=0.9, **given)
    with pytest.raises(CevnsjaxError, match=sentence):
        variable.nominal(changed)


def test_bad_times(small, on_off):
    with pytest.raises(ParameterError, match="a fraction, whose bounds"):
        SourceOff(name="off", sample="source_off", low=0.1, high=1.0)
    with pytest.raises(UnknownNameError, match="'source_off'"):
        OFF.paths(small)
    on = dataclasses.replace(OFF, sample="beam_on")
    twice = dataclasses.replace(small, time_ratios={"beam_on": 2.0})
    with pytest.raises(CevnsjaxError, match="The sample 'beam_on' has a signal"):
        on.paths(twice)
    both = Joint.of([on_off, dataclasses.replace(small, name="other")])
    with pytest.raises(ParameterError, match="needs experiment = one of small, other"):
        OFF.paths(both)
    assert dataclasses.replace(OFF, experiment="small").nominal(both) == pytest.approx(0.2)
    with pytest.raises(UnknownNameError, match="sample"):
        dataclasses.replace(small, time_ratios={"off": 2.0})
    with pytest.raises(CevnsjaxError, match="time_ratios"):
        dataclasses.replace(small, time_ratios={"beam_on": 0.0})
