"""Dark matter of a beam in experiments: elastic recoils, nuclear lines and both, in Python and in files."""

import copy
import dataclasses
import functools
import tomllib
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from cevnsjax.arrays import gauss_legendre
from cevnsjax.cross_section import AbstractInteraction, Coherent, DarkExcitation, DarkNucleus, ErlerSu
from cevnsjax.errors import ParameterError
from cevnsjax.experiment import Joint, named_experiment, read_experiment
from cevnsjax.experiment.catalogue import DESCRIPTIONS
from cevnsjax.experiment.description.block import convert
from cevnsjax.experiment.description.schema import description_schema
from cevnsjax.experiment.description.special import source
from cevnsjax.experiment.description.where import DescriptionError, Where
from cevnsjax.flux import (
    DarkFlux,
    MesonCells,
    NeutralPion,
    PionCapture,
    PromptArrival,
    RectangularPulse,
    Source,
    beam_pions,
    decay_at_rest_facility,
)
from cevnsjax.inference import Model
from cevnsjax.models import named_model
from cevnsjax.parameter import Parameter
from cevnsjax.particle import ScalarDarkMatter, VectorPortal
from cevnsjax.paths import set_paths

FOLDER = Path(__file__).parent / "own_detector"
DARK = (FOLDER / "dark.toml").read_text()
BEAMS = {
    "ccm120": "lujan",
    "ccm200": "lujan",
    "ccm200-lines": "lujan",
    "coherent-nai-3500kg": "sns",
    "jsns2": "jsns2",
    "pip2-bd": "pip2-bd",
}
QUICK = ("ccm200",)
PIONS = MesonCells([100.0], [0.06], [[1.0]])  # of one energy, in all directions


@functools.cache
def with_dark(name):
    """An experiment of the catalogue that sees dark matter of its beam, too."""
    experiment = named_experiment(name)
    beam = decay_at_rest_facility(BEAMS[name])
    particle = ScalarDarkMatter(10.0, VectorPortal(1e-4))
    flux = DarkFlux(particle, {"pi0": NeutralPion(PIONS)}, beam.protons_on_target(86400.0), 20.0, slices=(0.0, 0.5))
    dark = {"dark": Source(flux, PromptArrival(beam.pulse()))}
    sees = DarkExcitation.on(experiment.target) if name.endswith("-lines") else DarkNucleus()
    return experiment.with_sources(dark).with_interactions({"dark": sees})


def doubled(experiment, prefix=""):
    """The same with twice the kinetic mixing."""
    return set_paths(experiment, [f"{prefix}sources.dark.flux.dark_matter.portal.epsilon"], [2e-4])


@pytest.mark.parametrize(
    "name", [each if each in QUICK else pytest.param(each, marks=pytest.mark.slow) for each in BEAMS]
)
def test_both_in_one_experiment(name):
    """Neutrinos stay what they are beside dark matter, whose rate goes with the fourth power of epsilon."""
    bare, weak = named_experiment(name).contributions(), with_dark(name).contributions()
    strong = doubled(with_dark(name)).contributions()
    assert set(weak) == {*bare, "dark"}
    for each, counts in bare.items():
        np.testing.assert_allclose(weak[each], counts, rtol=1e-9, err_msg=each)
    assert np.all(np.asarray(weak["dark"]) >= 0.0)
    assert np.sum(weak["dark"]) > 0.0
    np.testing.assert_allclose(strong["dark"], 16.0 * weak["dark"], rtol=1e-3)


@pytest.mark.slow
def test_elastic_recoils_and_lines_in_one_likelihood():
    """Of one detector: a coupling moves both channels."""
    elastic, lines = with_dark("ccm200"), with_dark("ccm200-lines")
    joint = Joint.of((elastic, lines), ["lujan_flux_norm"])
    paths = tuple(f"experiments.{each}.sources.dark.flux.dark_matter.portal.epsilon" for each in joint.parts)
    model = Model(joint, [*joint.nuisances, Parameter("epsilon", dist.LogUniform(1e-6, 1e-3), paths)])
    values, slopes = eqx.filter_jit(eqx.filter_value_and_grad(lambda v: model.at(v).log_likelihood()))(
        {**model.reference_values, "epsilon": jnp.asarray(2e-4)}
    )
    apart = doubled(elastic).log_likelihood() + doubled(lines).log_likelihood()
    np.testing.assert_allclose(values, apart, rtol=1e-6)
    assert slopes["epsilon"] < 0.0


def test_two_states_are_two_sources():
    """What moves one of them moves the other one, too; its decays are seen where levels are."""
    model = named_model("vector-portal-inelastic-dm")
    prepared = model.prepared(named_experiment("ccm120").unplaced())
    states = {name: prepared.sources[name].flux.dark_matter.heavier for name in ("dark", "dark_heavier")}
    assert states == {"dark": False, "dark_heavier": True}
    for each in (*model.parameters(prepared), *(p for p in prepared.nuisances if "dark" in p.paths[0])):
        ends = [path.removeprefix("sources.").split(".", 1) for path in each.paths]
        assert [end[0] for end in ends] == list(states), each.name
        assert len({end[1] for end in ends}) == 1
    assert set(prepared.interactions) == {"cevns", "dark_recoils"}
    gap = {each.name: float(each.function(prepared)) for each in model.derived}
    assert gap["delta_m"] == pytest.approx(4.0)
    argon = model.prepared(named_experiment("ccm120-lines").unplaced()).interactions
    assert set(argon) == {"nc", "dark_decays"}
    assert float(argon["dark_decays"].length_m) == pytest.approx((7.0 / 1.396) ** (1 / 3))
    with pytest.raises(ParameterError, match="excited by dark matter of one state alone"):
        model.prepared(named_model("vector-portal-dirac-dm").prepared(named_experiment("ccm120-lines").unplaced()))
    with pytest.raises(ParameterError, match="Nothing is seen of dark matter in karmen-c12"):
        model.prepared(named_experiment("karmen-c12").unplaced())


@pytest.mark.slow
def test_two_states_without_splitting_are_a_dirac_particle():
    """In counts, and nearly so for a small splitting; decays begin at two electron masses."""
    inelastic = named_model("vector-portal-inelastic-dm")
    dirac = named_model("vector-portal-dirac-dm").prepared(named_experiment("ccm120")).contributions()["dark_recoils"]
    both = inelastic.prepared(named_experiment("ccm120"))
    where = [f"sources.{name}.flux.dark_matter.splitting" for name in ("dark", "dark_heavier")]
    for splitting, tolerance in ((0.0, 1e-10), (1e-7, 1e-6)):
        found = set_paths(both, where, [jnp.asarray(splitting)] * 2).contributions()["dark_recoils"]
        np.testing.assert_allclose(found, dirac, rtol=tolerance)
    lines = inelastic.prepared(named_experiment("ccm120-lines"))
    closed, open_ = (
        np.sum(set_paths(lines, where, [jnp.asarray(s)] * 2).contributions()["dark_decays"]) for s in (0.1, 0.4)
    )
    assert closed == 0.0
    assert open_ > 0.0


def test_carbon_line():
    """KARMEN's line at 15.11 MeV: the flux of captured pions is a box between two energies."""
    karmen = named_experiment("karmen-c12")
    particle = ScalarDarkMatter(10.0, VectorPortal(1e-4))
    capture = PionCapture(0.01, 1.0)
    flux = DarkFlux(particle, {"capture": capture}, 1e25, 17.7)
    pulse = RectangularPulse([0.0, 0.32], 0.1)
    excitation = DarkExcitation.on(karmen.target)
    both = karmen.with_sources({"dark": Source(flux, PromptArrival(pulse))}).with_interactions({"dark": excitation})
    prompt, late = np.asarray(both.contributions()["dark"])[0]
    boson = capture.boson_energy_MeV(particle)
    root = np.sqrt((boson**2 - 30.0**2) * (1.0 - 4.0 / 9.0))
    low, high = 0.5 * (boson - root), 0.5 * (boson + root)
    x, weights = gauss_legendre(64)
    energies = 0.5 * (high + low) + 0.5 * (high - low) * x
    cross_sections = excitation.level_cross_sections(energies, particle, karmen.target.nuclides["C12"])
    (mean,) = 0.5 * np.asarray(weights @ cross_sections)
    photon_MeV = 129.4
    bosons = 1e25 * 0.01 * 1e-8 * np.sqrt(boson**2 - 30.0**2) / photon_MeV
    fluence = 2.0 * float(particle.dark_branching_ratio) * bosons / (4e4 * np.pi * 17.7**2)
    # 1e22 nuclei
    np.testing.assert_allclose(prompt + late, 1e-40 * 1e22 * mean * fluence, rtol=2e-3)
    assert prompt > late >= 0.0


def test_dark_matter_in_a_file():
    """The tables of the documentation are what is built in Python."""
    where, tables = Where("detector.toml", FOLDER), tomllib.loads(DARK)
    read = source(tables["sources"]["dark"], where)
    particle = ScalarDarkMatter(10.0, VectorPortal(1e-4, 0.5), 3.0)
    production = {"pi0": NeutralPion(beam_pions("lujan")), "capture": PionCapture(0.0259)}
    assert eqx.tree_equal(read.flux, DarkFlux(particle, production, 6.741e19, 20.0, 90.0))
    assert eqx.tree_equal(read.arrival, PromptArrival(decay_at_rest_facility("lujan").pulse()))
    interactions = convert(tables["interactions"], dict[str, AbstractInteraction], where)
    assert eqx.tree_equal(interactions, {"cevns": Coherent({"sm": ErlerSu()}), "dark": DarkNucleus()})
    mesons = {"kind": "beam_pions", "beam": "linac"}
    with pytest.raises(DescriptionError, match=r"mesons: There is no table .* called 'linac'; known: 'lujan', 'sns'"):
        convert(mesons, MesonCells, where.at("mesons"))


@pytest.mark.slow
def test_a_file_with_dark_matter(tmp_path):
    """Behind a file of the catalogue these tables are an experiment with both."""
    path = tmp_path / "detector.toml"
    path.write_text(DESCRIPTIONS["ccm120"].read_text() + DARK)
    experiment = read_experiment(path)
    assert experiment.pairs == (("cevns", "lujan"), ("dark", "dark"))
    assert 5.0 < np.sum(experiment.contributions()["dark"]) < 50.0


def test_the_schema_knows_dark_matter():
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(description_schema())
    text = DESCRIPTIONS["ccm120"].read_text() + DARK
    assert not list(validator.iter_errors(tomllib.loads(text)))
    assert list(validator.iter_errors(tomllib.loads(text.replace("epsilon =", "kinetic_mixing ="))))


def test_the_documentation_shows_these_tables():
    text = (Path(__file__).parents[2] / "docs" / "own-detector.md").read_text()
    assert f"```toml\n{DARK}```" in text


def test_engineering_run_of_ccm():
    """The published numbers, and the exposure that they are of: protons of 800 MeV at 0.1 MW."""
    content = tomllib.loads(DESCRIPTIONS["ccm120"].read_text())
    assert content["data"]["counts"] == [115_005 + 16.5]
    assert content["backgrounds"]["measured"]["events"] == 115_005.0
    beam = decay_at_rest_facility("lujan")
    assert beam.protons_on_target(86400.0 * content["exposure_days"]) == pytest.approx(1.79e21, rel=1e-6)
    quenching = sum(c * 0.05**n for n, c in enumerate(content["quenching"]["coefficients"]))
    assert content["axes"][0]["edges"][0] == pytest.approx(50.0 * quenching, rel=1e-3)


@pytest.mark.slow
def test_nodes_are_good_for_every_mass():
    """Nodes are placed for all masses of the prior, also where the box of captured pions is all that there is.

    That is so for a MeV in front of its end, where not every case was looked at.
    """
    both = {"pi0": NeutralPion(PIONS), "pi_minus": PionCapture(0.1, 1.0)}
    experiment = with_dark("ccm200")
    flux = dataclasses.replace(experiment.sources["dark"].flux, production=both, slices=(0.0,))
    seen = experiment.with_sources({"dark": Source(flux, experiment.sources["dark"].arrival)})
    mass = Parameter("m_chi", dist.LogUniform(1.0, 150.0), "sources.dark.flux.dark_matter.mass_MeV", "MeV")
    model = Model(seen, (mass,))

    @eqx.filter_jit
    def counts(frozen, masses):
        of_mass = jax.vmap(lambda m: set_paths(frozen, mass.paths, [m]).signals()["dark"].sum(axis=(0, 2)))
        return of_mass(masses)

    finer = copy.copy(model.experiment)
    object.__setattr__(finer, "panels", {key: each.refined(3) for key, each in finer.panels.items()})
    masses = jnp.array([1.0, 2.5, 7.0, 10.0, 20.0, 40.0, 44.5, 45.5, 46.0, 50.0, 65.0, 100.0])
    found, expected = (np.asarray(counts(each, masses)) for each in (model.experiment, finer))
    largest = expected.max(axis=1)
    assert np.all(largest[:-1] > 0.0)
    assert largest[-1] == 0.0  # too heavy for any pair
    rough = 3e-3 * (np.abs(masses - 45.3) < 1.0) + 2e-5
    assert np.all(np.abs(found - expected).max(axis=1) <= rough * largest)
