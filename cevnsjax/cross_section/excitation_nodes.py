"""What all interactions that end in nuclear levels share: folds of a few levels at a time."""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from cevnsjax.errors import CevnsjaxError
from cevnsjax.target import Material

_LEVELS_AT_A_TIME = 8

Folds = TypeVar("Folds", bound=PyTree)
"""One or several arrays of shape ``[component, level]``."""


def check_levels(target: Material) -> None:
    """Refuse a target of which no nuclide has levels.

    Raises
    ------
    CevnsjaxError
        With what gives them to it.
    """
    if not target.levels:
        raise CevnsjaxError(
            f"None of {', '.join(target.nuclides)} has levels: give them by Material.with_levels(nuclear_levels(...))."
        )


def fold_levels(fold: Callable[[Float[Array, " few"]], Folds], excitation_MeV: Float[Array, " level"]) -> Folds:
    """Fold the cross sections of all levels with a source, a few at a time.

    All levels at once fill gigabytes where many points are differentiated: a few, computed again on the way back, stay
    in the processor's cache.

    Parameters
    ----------
    fold
        From excitation energies, MeV, to arrays of shape ``[component, few]``.
    excitation_MeV
        Excitation energies of all levels, MeV.
    """
    number = excitation_MeV.shape[0]
    rows = jnp.pad(excitation_MeV, (0, -number % _LEVELS_AT_A_TIME), mode="edge")
    by_row = jax.lax.map(jax.checkpoint(fold), rows.reshape(-1, _LEVELS_AT_A_TIME))
    return jax.tree.map(lambda each: jnp.moveaxis(each, 0, 1).reshape(each.shape[1], -1)[:, :number], by_row)
