"""Models that are taken together by name: what they add, what they offer, and what cannot be."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.cross_section import Coherent, TreeLevel
from cevnsjax.errors import ParameterError, UnknownNameError
from cevnsjax.experiment import Scattering, named_experiment
from cevnsjax.flux import MonoEnergetic, Source, SterileOscillation
from cevnsjax.models import named_model
from cevnsjax.paths import get_path, set_paths
from cevnsjax.target import compound

pytestmark = pytest.mark.usefixtures("standard_promotion")


@pytest.fixture(scope="module")
def experiment():
    return named_experiment("coherent-csi-2021").unplaced()


@pytest.mark.parametrize(
    "names", [("nsi", "vector-portal-dm"), ("leptophobic-inelastic-dm", "charge-radius+electrons")]
)
def test_two_of_them(names, experiment):
    """Parameters one after the other, those of the first one first among what is free, all with their paths."""
    both = named_model(",".join(names))
    prepared = both.prepared(experiment)
    each = [named_model(name) for name in names]
    alone = [model.prepared(experiment) for model in each]
    assert [p.name for p in both.parameters(prepared)] == [
        p.name for model, there in zip(each, alone, strict=True) for p in model.parameters(there)
    ]
    assert both.free_by_default(prepared) == sum(
        (model.free_by_default(there) for model, there in zip(each, alone, strict=True)), ()
    )
    assert [d.name for d in both.derived] == [d.name for model in each for d in model.derived]
    for parameter in both.parameters(prepared):
        assert all(jnp.ndim(get_path(prepared, path)) == 0 for path in parameter.paths)
    assert set(prepared.interactions) >= {name for there in alone for name in there.interactions}
    assert set(prepared.sources) == {name for there in alone for name in there.sources}
    assert {p.name for p in prepared.nuisances} == {p.name for there in alone for p in there.nuisances}
    other = named_model(", ".join(reversed(names))).prepared(experiment)
    assert {p.name for p in other.nuisances} == {p.name for p in prepared.nuisances}


def test_electrons_are_there_for_all(experiment):
    """Whichever of them names it."""
    for name in ("vector-portal-dm,nsi+electrons", "nsi,vector-portal-dm+electrons"):
        prepared = named_model(name).prepared(experiment)
        assert set(prepared.interactions) == {"cevns", "electrons", "dark_recoils", "dark_electrons"}


def test_sterile_neutrinos_beside_dark_matter(experiment):
    """In either order: oscillation leaves dark matter alone, and the protons are those of the neutrinos."""
    for name in ("sterile,vector-portal-dm", "vector-portal-dm,sterile"):
        prepared = named_model(name).prepared(experiment)
        assert isinstance(prepared.sources["sns"].flux, SterileOscillation)
        dark = prepared.sources["dark"].flux
        assert float(dark.protons_on_target) == float(experiment.sources["sns"].flux.protons_on_target)
        for parameter in prepared.nuisances:
            assert all(jnp.ndim(get_path(prepared, path)) == 0 for path in parameter.paths)


def test_what_cannot_be(experiment):
    with pytest.raises(ParameterError, match=r"'scalar' and 'zprime' cannot be taken together: both have .* 'mass'"):
        named_model("scalar,zprime").prepared(experiment)
    with pytest.raises(ParameterError, match=r"'vector-portal-dm' and 'leptophobic-dm' cannot .* 'm_chi'"):
        named_model("vector-portal-dm,leptophobic-dm").prepared(experiment)
    with pytest.raises(ParameterError, match=r"'scalar' cannot be used beside 'generalized': .* nothing to act on"):
        named_model("generalized,scalar").prepared(experiment)
    with pytest.raises(ParameterError, match="'nsi' is named twice in 'nsi, nsi'; name it once"):
        named_model("nsi, nsi")
    with pytest.raises(UnknownNameError, match="no model called 'vector-portal-dn'; did you mean 'vector-portal-dm'"):
        named_model("nsi,vector-portal-dn")
    with pytest.raises(UnknownNameError, match="no model called ''"):
        named_model("nsi,")
    source = Source.steady(MonoEnergetic("nu_e", 30.0))
    bare = Scattering(compound("[Ar40]"), {"cevns": Coherent({"sm": TreeLevel()})}, {"source": source})
    with pytest.raises(ParameterError, match=r"'vector-portal-dm' cannot be used beside 'nsi': .* need an experiment"):
        named_model("nsi,vector-portal-dm").prepared(bare)


def test_of_several_experiments(experiment):
    """Common to all of them, as of one model."""
    joint = named_experiment("coherent-csi-2021,coherent-lar").unplaced()
    model = named_model("nsi,vector-portal-dm", joint)
    prepared = model.prepared(joint)
    paths = {p.name: p.paths for p in model.parameters(prepared)}
    assert len(paths["eps_ee_u"]) == len(paths["m_chi"]) == 2
    assert model.free_by_default(prepared) == ("eps_ee_u", "eps_ee_d", "m_chi", "Y")


@pytest.mark.slow
def test_counts_add_up():
    """New physics of neutrinos and dark matter in one experiment are those of either alone."""
    ccm = named_experiment("ccm120")
    both, nsi, dark = (named_model(n).prepared(ccm) for n in ("nsi,vector-portal-dm", "nsi", "vector-portal-dm"))

    def counts(prepared):
        where = [p for p in ("interactions.cevns.terms.nsi.up.ee",) if "nsi" in prepared.interactions["cevns"].terms]
        return eqx.filter_jit(lambda e: e.contributions())(set_paths(prepared, where, [jnp.asarray(0.2)] * len(where)))

    found, neutrinos, of_dark = map(counts, (both, nsi, dark))
    np.testing.assert_allclose(found["cevns"], neutrinos["cevns"], rtol=1e-12)
    np.testing.assert_allclose(found["dark_recoils"], of_dark["dark_recoils"], rtol=1e-12)
    assert float(found["dark_recoils"].sum()) > 0.0
