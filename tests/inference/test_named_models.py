"""Named models: what they add to an experiment, and the paths of what they offer."""

import dataclasses
import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

from cevnsjax.cross_section import (
    AbstractElectronTerm,
    AbstractTerm,
    Coherent,
    DipolePortal,
    ElectronScattering,
    GeneralizedScalar,
    GeneralizedTensor,
    MagneticMoment,
    TreeLevel,
)
from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.experiment import Scattering, coherent_csi_2021
from cevnsjax.flux import AbstractBosonSource, MonoEnergetic, Source, SterileOscillation
from cevnsjax.inference import build_model
from cevnsjax.models import MODELS, named_model
from cevnsjax.models.dark_models import DARK_MODELS
from cevnsjax.paths import get_path, set_paths
from cevnsjax.target import compound

pytestmark = pytest.mark.usefixtures("standard_promotion")

# of neutrinos, and but for the one that offers nothing of its own
OFFERING = [
    name for name, model in MODELS.items() if not issubclass(model.source, AbstractBosonSource) and name != "nuisances"
]
NAMES = [name + ending for name in OFFERING for ending in ("", "+electrons")]
# models whose one term acts on electrons too, and the name of that term
ON_ELECTRONS = {
    "zprime": "zprime",
    "zprime-b-l": "zprime",
    "zprime-lmu-ltau": "zprime",
    "scalar": "scalar",
    "magnetic-moment": "magnetic",
    "charge-radius": "charge_radius",
    "millicharge": "millicharge",
}
# of one family: the others are looked at with the slow tests
RARELY = set(DARK_MODELS) - {"vector-portal-dm"}
COMMON = ("xi_scalar", "xi_tensor", "c_nlqu", "c_nldq", "c_prime_nldq", "moment", "neutron_skin")
NEEDS_COHERENT = (*ON_ELECTRONS, "sm-axial", "nsi", "generalized", "quark-operators", "tensor")


def cases(names):
    return [pytest.param(n, marks=pytest.mark.slow) if n.removesuffix("+electrons") in RARELY else n for n in names]


@pytest.fixture(scope="module")
def experiment():
    return coherent_csi_2021()


@pytest.fixture(scope="module")
def prepared_for(experiment):
    """The experiment as a model prepares it, by the name of the model: once for all tests."""
    return functools.cache(lambda name: named_model(name).prepare(experiment))


def same(first, second):
    return bool(eqx.tree_equal(first, second))


@pytest.mark.parametrize("name", cases(NAMES))
def test_preparing_twice_is_preparing_once(name, prepared_for):
    once = prepared_for(name)
    twice = named_model(name).prepare(once)
    assert list(twice.interactions) == list(once.interactions)
    assert same(twice, once)


@pytest.mark.parametrize("name", cases(OFFERING))
def test_parameters_have_symbols_that_can_be_drawn(name, prepared_for):
    model = MODELS[name]
    prepared = prepared_for(name)
    parameters = model.parameters(prepared)
    labels = [each.label for each in (*parameters, *prepared.nuisances, *model.derived)]
    assert len(set(labels)) == len(labels)
    for label in labels:
        assert "_" not in label.split("$")[0]
        MathTextParser("path").parse(label)
    for each in parameters:
        assert each.symbol, each.name
        if each.standard_model is not None:
            assert each.prior.support(each.standard_model), each.name


@pytest.mark.parametrize("name", cases(NAMES))
def test_parameters_have_their_paths(name, prepared_for):
    """Every path is that of one number, within the support of the prior or free to be set there; names differ."""
    model = named_model(name)
    prepared = prepared_for(name)
    parameters = model.parameters(prepared)
    names = [p.name for p in parameters]
    assert len(set(names)) == len(names)
    assert not set(names) & {p.name for p in prepared.nuisances}
    for parameter in (*parameters, *prepared.nuisances):
        assert parameter.paths
        assert parameter.description
        values = [float(get_path(prepared, path)) for path in parameter.paths]
        assert len(set(values)) == 1, parameter.name
    assert set(model.free_by_default(prepared)) <= set(names)
    assert set(model.free_nuisances(prepared)) <= {p.name for p in prepared.nuisances}


@pytest.mark.parametrize("name", cases(OFFERING))
def test_each_parameter_moves_the_counts(name, prepared_for):
    """All of them, but those of tau neutrinos, which are not in the beam."""
    model = named_model(name)
    prepared = prepared_for(name)
    # a parameter common to all flavours sets what those of one flavour set
    parameters = [p for p in model.parameters(prepared) if p.name not in COMMON]
    draws = {p.name: jnp.asarray(p.prior.sample(jax.random.key(i))) for i, p in enumerate(parameters)}
    start = set_paths(prepared, *zip(*[(p.paths[0], draws[p.name]) for p in parameters], strict=True))
    paths = [p.paths[0] for p in parameters]
    if name == "sterile":
        values = {"mass_splitting_eV2": 1.5, "electron_mixing2": 0.1, "muon_mixing2": 0.08}
        values |= {"tau_mixing2": 0.05, "path_spread_m": 0.3}
        where = [f"sources.sns.flux.{name}" for name in values]
        start = set_paths(start, where, [jnp.asarray(value) for value in values.values()])
    if name == "dipole-portal":
        start = set_paths(start, ["interactions.dipole_portal.mass_MeV"], [jnp.asarray(10.0)])
    if name in DARK_MODELS:  # heavier dark matter is not made
        particle = "sources.dark.flux.dark_matter"
        start = set_paths(
            start, [f"{particle}.mass_MeV", f"{particle}.mass_ratio"], [jnp.asarray(10.0), jnp.asarray(3.0)]
        )

    def counts(values):
        return sum(each.sum() for each in set_paths(start, paths, list(values)).signals().values())

    gradient = jax.jit(jax.grad(counts))([get_path(start, path) for path in paths])
    for parameter, each in zip(parameters, gradient, strict=True):
        of_tau = parameter.name.endswith("_tau") or "tautau" in parameter.name
        assert (float(each) != 0.0) != of_tau, parameter.name


@pytest.mark.parametrize("name", cases(NAMES))
def test_the_standard_model_is_where_nothing_was_added(name, prepared_for, experiment):
    """Terms that were there stay; the interactions of the experiment keep their order."""
    prepared = prepared_for(name)
    assert next(iter(prepared.interactions)) == "cevns"
    assert same(prepared.interactions["cevns"].terms["sm"], experiment.interactions["cevns"].terms["sm"])
    assert ("electrons" in prepared.interactions) == ("electrons" in name)


@pytest.mark.parametrize("name", ON_ELECTRONS)
def test_with_electrons_one_parameter_sets_both(name, prepared_for):
    term = ON_ELECTRONS[name]
    model = named_model(f"{name}+electrons")
    prepared = prepared_for(f"{name}+electrons")
    on_nuclei, on_electrons = (prepared.interactions[key].terms[term] for key in ("cevns", "electrons"))
    assert isinstance(on_nuclei, AbstractTerm)
    assert isinstance(on_electrons, AbstractElectronTerm)
    assert same(on_nuclei, on_electrons)
    for parameter in model.parameters(prepared):
        where = [f"interactions.{key}.terms.{term}." for key in ("cevns", "electrons")]
        leaves = [{path.removeprefix(start) for path in parameter.paths if path.startswith(start)} for start in where]
        assert leaves[0] == leaves[1] != set()
        assert len(parameter.paths) == 2 * len(leaves[0])
    # without electrons, one
    alone = named_model(name)
    for parameter in alone.parameters(prepared_for(name)):
        assert len(parameter.paths) == 1


@pytest.mark.parametrize("name", [name for name in NEEDS_COHERENT if name not in ON_ELECTRONS])
def test_terms_on_nuclei_alone_leave_electrons_as_they_are(name, prepared_for):
    model = named_model(f"{name}+electrons")
    prepared = prepared_for(f"{name}+electrons")
    assert list(prepared.interactions["electrons"].terms) == ["sm"]
    for parameter in model.parameters(prepared):
        assert all(path.startswith("interactions.cevns.") for path in parameter.paths)


@pytest.mark.parametrize("name", ["scalar", "zprime"])
def test_a_value_reaches_both_interactions(name, experiment):
    model = build_model(experiment, f"{name}+electrons")
    moved = model.at({"coupling": 3e-5, "mass": 7.0})
    for key in ("cevns", "electrons"):
        term = moved.interactions[key].terms[ON_ELECTRONS[name]]
        assert (float(term.coupling), float(term.mass_MeV)) == (3e-5, 7.0)


def test_what_was_set_in_a_term_stays(experiment):
    coherent = experiment.interactions["cevns"].with_terms({"magnetic": MagneticMoment()})
    given = set_paths(
        experiment.with_interactions({"cevns": coherent}),
        ["interactions.cevns.terms.magnetic.moment.ee"],
        [jnp.asarray(3e-10)],
    )
    prepared = named_model("magnetic-moment").prepare(given)
    assert float(prepared.interactions["cevns"].terms["magnetic"].moment.ee) == 3e-10


def test_generalized_has_both_terms(experiment):
    terms = named_model("generalized").prepare(experiment).interactions["cevns"].terms
    assert isinstance(terms["scalar"], GeneralizedScalar)
    assert isinstance(terms["tensor"], GeneralizedTensor)
    model = build_model(experiment, "generalized")
    assert model.names[:2] == ("xi_scalar", "xi_tensor")
    moved = model.at({"xi_scalar": 0.7}).interactions["cevns"].terms["scalar"].xi
    assert [float(x) for x in (moved.e, moved.mu, moved.tau)] == [0.7, 0.7, 0.7]


def test_dipole_portal_is_an_interaction(experiment):
    prepared = named_model("dipole-portal").prepare(experiment)
    assert isinstance(prepared.interactions["dipole_portal"], DipolePortal)
    assert list(prepared.interactions) == ["cevns", "dipole_portal"]


@pytest.mark.parametrize("name", NEEDS_COHERENT)
def test_without_coherent_scattering(name, experiment):
    """Refused with a sentence, with electrons or without."""
    alone = {"electrons": ElectronScattering.on(experiment.target)}
    bare = dataclasses.replace(experiment, interactions=alone)
    for ending in ("", "+electrons"):
        with pytest.raises(
            ParameterError, match=r"The term '\w+' needs an interaction of the kind Coherent.*, this experiment"
        ):
            named_model(name + ending).prepare(bare)


def test_sterile_moves_what_is_said_of_the_flux(experiment):
    prepared = named_model("sterile").prepare(experiment)
    flux = prepared.sources["sns"].flux
    assert isinstance(flux, SterileOscillation)
    assert float(flux.paths[0].item()) == 19.3
    paths = {p.name: p.paths for p in prepared.nuisances}
    before = {p.name: p.paths for p in experiment.nuisances}
    assert before["sns_flux_norm"] == ("sources.sns.flux.norm",)
    assert paths["sns_flux_norm"] == ("sources.sns.flux.source.norm",)
    assert {k: v for k, v in paths.items() if k != "sns_flux_norm"} == {
        k: v for k, v in before.items() if k != "sns_flux_norm"
    }
    for p in prepared.nuisances:
        assert float(get_path(prepared, p.paths[0])) == float(get_path(experiment, before[p.name][0]))
    # without mixing nothing has changed
    with_mixing, without = (eqx.filter_jit(lambda e: e.signal())(e).sum(axis=0) for e in (prepared, experiment))
    np.testing.assert_allclose(with_mixing, without, rtol=1e-9, atol=1e-12)


def test_sterile_needs_a_distance():
    source = Source.steady(MonoEnergetic("nu_e", 30.0))
    scattering = Scattering(compound("[Ar40]"), {"cevns": Coherent({"sm": TreeLevel()})}, {"source": source})
    with pytest.raises(ParameterError, match="The model 'sterile' needs sources at a distance"):
        named_model("sterile").prepare(scattering)


def test_unknown_models():
    with pytest.raises(UnknownNameError, match=r"no model called 'zprime-b-m'; did you mean.*'zprime-b-l'"):
        named_model("zprime-b-m")
    with pytest.raises(UnknownNameError, match=r"no model called 'smm\+electrons'"):
        named_model("smm+electrons")
