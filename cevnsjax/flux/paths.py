"""The way from a source to a detector."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, check_positive


def check_baseline(baseline_m: Scalar | None) -> None:
    """Refuse a distance that is not positive; none at all is allowed."""
    if baseline_m is not None:
        check_positive("baseline_m", baseline_m, "m")


def one_path(baseline_m: Scalar | None) -> tuple[Float[Array, " path"], Float[Array, " path"]] | None:
    """What :attr:`cevnsjax.flux.AbstractSource.paths` says of a source at one distance (m), or at none."""
    return None if baseline_m is None else (baseline_m[None], jnp.ones((1,)))
