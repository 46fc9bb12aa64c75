"""Paths: how a leaf of a model is named, like ``target.nuclides.Cs133.neutron_form_factor.rms_radius_fm``."""

from collections.abc import Iterator, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from cevnsjax.errors import UnknownNameError


def _names(key) -> str:
    for attribute in ("name", "key", "idx"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    return str(key)


def leaf_paths(tree) -> Iterator[tuple[str, jax.Array]]:
    """Iterate over the paths and values of all float leaves of a tree."""
    for keys, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        if eqx.is_inexact_array(leaf):
            yield ".".join(_names(key) for key in keys), leaf


def get_path(tree, path: str) -> Any:
    """Return the leaf (or block) at a path; a number after the path of a vector is one element of it.

    Raises
    ------
    UnknownNameError
        If there is nothing there; the message lists the near matches.
    """
    node: Any = tree
    for name in path.split("."):
        if isinstance(node, dict) and name in node:
            node = node[name]
        elif isinstance(node, (list, tuple)) and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        elif isinstance(node, eqx.Module) and name in node.__dataclass_fields__:
            node = getattr(node, name)
        elif isinstance(node, jax.Array) and name.isdigit() and node.ndim == 1 and int(name) < node.shape[0]:
            node = node[int(name)]
        else:
            raise UnknownNameError("path", path, [known for known, _ in leaf_paths(tree)])
    return node


def set_paths(tree, paths: Sequence[str], values: Sequence):
    """Return the tree with other leaves (or elements of them) at some paths, in their types.

    Raises
    ------
    UnknownNameError
        If a path does not exist or is not a float leaf.
    """
    leaves: dict[str, Any] = {}
    for path, value in zip(paths, values, strict=True):
        leaf = get_path(tree, path)
        if not eqx.is_inexact_array(leaf):
            raise UnknownNameError("leaf", path, [known for known, _ in leaf_paths(tree)])
        whole, _, element = path.rpartition(".")
        vector = get_path(tree, whole) if whole and element.isdigit() else None
        if vector is not None and eqx.is_inexact_array(vector):
            leaves[whole] = leaves.get(whole, vector).at[int(element)].set(value)
        else:
            # a number of Python's is of a weak type, which programs are compiled anew for
            leaves[path] = jnp.asarray(value, dtype=leaf.dtype)
    return eqx.tree_at(lambda model: [get_path(model, path) for path in leaves], tree, list(leaves.values()))


def set_number(tree, path: str, value: float):
    """Return the tree with one number in every entry of the leaf at a path, in the leaf's type."""
    leaf = get_path(tree, path)
    if not eqx.is_inexact_array(leaf):
        raise UnknownNameError("leaf", path, [known for known, _ in leaf_paths(tree)])
    return set_paths(tree, [path], [jnp.full_like(leaf, value)])


def check_tree(tree) -> None:
    """Check the invariants of every block of a tree again, after leaves were replaced.

    Equinox checks a block when it is built; replacing leaves (:func:`set_paths`) builds nothing. Outside of
    transformations only: traced values are let through.

    Raises
    ------
    CevnsjaxError
        If a block refuses its values.
    """
    if isinstance(tree, eqx.Module):
        for kind in type(tree).__mro__:
            if "__check_init__" in vars(kind):
                vars(kind)["__check_init__"](tree)
        parts = [getattr(tree, name) for name in tree.__dataclass_fields__]
    elif isinstance(tree, dict):
        parts = list(tree.values())
    else:
        parts = list(tree) if isinstance(tree, (list, tuple)) else []
    for part in parts:
        check_tree(part)
