"""Paths of leaves."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.paths import check_tree, get_path, leaf_paths, set_number, set_paths
from cevnsjax.target import Helm, NuclearLevels, nuclide


@pytest.fixture(scope="module")
def experiment():
    return coherent_csi_2021()


def test_every_leaf_is_found_at_its_path(experiment):
    paths = dict(leaf_paths(experiment))
    assert len(paths) > 50
    for path, leaf in paths.items():
        assert get_path(experiment, path) is leaf


def test_paths_are_what_the_documentation_says(experiment):
    paths = dict(leaf_paths(experiment))
    assert float(paths["sources.sns.flux.neutrinos_per_proton"]) == 0.0848
    assert float(paths["mass_kg"]) == 14.6
    assert "target.nuclides.Cs133.neutron_form_factor.rms_radius_fm" in paths
    assert paths["response.efficiency.coefficients"].shape == (4,)


def test_blocks_and_sequences():
    tree = {"a": (nuclide("Ge74", Helm.lewin_smith), 3), "b": jnp.ones(2)}
    assert isinstance(get_path(tree, "a.0.proton_form_factor"), Helm)
    assert get_path(tree, "a.1") == 3
    assert {path for path, _ in leaf_paths(tree)} >= {"b", "a.0.mass_MeV"}


def test_set_paths_changes_these_leaves_only(experiment):
    paths = ["mass_kg", "target.nuclides.Cs133.mass_MeV"]
    moved = set_paths(experiment, paths, [jnp.array(20.0), jnp.array(1e5)])
    before, after = dict(leaf_paths(experiment)), dict(leaf_paths(moved))
    assert before.keys() == after.keys()
    changed = {path for path in before if not np.array_equal(before[path], after[path])}
    assert changed == set(paths)
    assert float(moved.mass_kg) == 20.0
    assert float(experiment.mass_kg) == 14.6


def test_set_number_fills_and_keeps_the_type(experiment):
    moved = set_number(experiment, "response.efficiency.variation", 0.25)
    np.testing.assert_array_equal(moved.response.efficiency.variation, np.full(4, 0.25))
    assert moved.response.efficiency.variation.dtype == experiment.response.efficiency.variation.dtype


@pytest.mark.parametrize("function", [lambda e, p: get_path(e, p), lambda e, p: set_paths(e, [p], [jnp.array(1.0)])])
def test_unknown_paths_list_near_matches(experiment, function):
    with pytest.raises(
        UnknownNameError, match=r"'sources\.sns\.flux\.neutrinos_per_protn'.*sources\.sns\.flux\.neutrinos_per_proton"
    ):
        function(experiment, "sources.sns.flux.neutrinos_per_protn")


@pytest.mark.parametrize(
    "path", ["name", "sources.sns.flux", "sources.sns.flux.components", "target.nuclides.Cs133.proton_number"]
)
def test_only_float_leaves_can_be_set(experiment, path):
    with pytest.raises(UnknownNameError, match="no leaf called"):
        set_paths(experiment, [path], [jnp.array(1.0)])
    with pytest.raises(UnknownNameError, match="no leaf called"):
        set_number(experiment, path, 1.0)


def test_check_tree_sees_replaced_leaves(experiment):
    check_tree(experiment)
    for path, value in {
        "mass_kg": -1.0,
        "target.nuclides.I127.neutron_form_factor.rms_radius_fm": 0.0,
        "backgrounds.brn.events": np.nan,
        "sources.sns.arrival.pulse.width_us": -0.1,
    }.items():
        with pytest.raises(CevnsjaxError, match=path.rsplit(".", maxsplit=1)[-1]):
            check_tree(set_number(experiment, path, value))


def test_check_tree_walks_containers():
    @dataclasses.dataclass
    class Plain:
        value: float = -1.0

    class Block(eqx.Module):
        value: float

        def __check_init__(self):
            if self.value < 0:
                raise CevnsjaxError("value")

    bad = eqx.tree_at(lambda block: block.value, Block(1.0), -1.0)
    check_tree([Plain(), {"a": (Block(1.0),)}])
    with pytest.raises(CevnsjaxError):
        check_tree([{"a": (bad,)}])


def test_a_number_after_a_vector_is_one_of_its_elements():
    levels = NuclearLevels("Ar40", 0, (1, 1), [1.0, 2.0], [0.1, 0.2], [0.3, 0.4])
    assert float(get_path(levels, "relative_strength.1")) == 1.0
    changed = set_paths(
        levels,
        ["relative_strength.1", "quenching", "relative_strength.0"],
        [jnp.asarray(3.0), jnp.asarray(0.5), jnp.asarray(2.0)],
    )
    assert changed.relative_strength.tolist() == [2.0, 3.0]
    assert float(changed.quenching) == 0.5
    with pytest.raises(UnknownNameError):
        get_path(levels, "relative_strength.2")


@pytest.mark.parametrize("value", [0.3, np.float64(0.3), jnp.asarray(0.3), 1])
def test_a_leaf_keeps_its_type(value):
    """A weak one would be another program."""
    tree = {"a": jnp.asarray(2.0, dtype=float)}
    found = set_paths(tree, ["a"], [value])["a"]
    assert (found.dtype, found.weak_type) == (tree["a"].dtype, False)
