"""Array types and the few numerical helpers that every room needs."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from cevnsjax.errors import CevnsjaxError

Scalar = Float[Array, ""]

HostOrDevice = TypeVar("HostOrDevice", Array, np.ndarray)
"""An array of NumPy where numbers are looked at when something is built, of JAX where they are computed with."""

gauss_legendre = functools.cache(np.polynomial.legendre.leggauss)
"""Gauss-Legendre nodes and weights on (-1, 1), by their number."""

_FEW = 4
"""Numbers that a message may list."""

ROUNDING = 1e-6
"""By how much what adds up to one may exceed it, in float32."""


def as_float(value) -> Float[Array, "..."]:
    """Convert to an array of JAX's default float type (float64 where x64 is enabled, float32 otherwise).

    Raises
    ------
    CevnsjaxError
        If it is no real number and no array of them: text (that of a number, too), a complex number, nothing.
    """
    if not any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(value)):
        # made a float here and not by JAX, which compiles a program for each shape
        return jnp.asarray(_real_numbers(value).astype(jnp.result_type(float)), dtype=float)
    try:
        array = jnp.asarray(value)
    except (TypeError, ValueError):
        raise CevnsjaxError(f"A number or an array of numbers is needed, got {short(value)}.") from None
    if jnp.iscomplexobj(array):
        raise CevnsjaxError(f"A real number or an array of them is needed, got {short(value)}.")
    return jnp.asarray(array, dtype=float)


def _real_numbers(value) -> np.ndarray:
    """What holds no array of JAX as one of NumPy; refuses text, that of a number too, and whatever else is none."""
    if isinstance(value, (bool, int, float)):
        return np.asarray(value, dtype=float)
    try:
        array = np.asarray(value)
    except ValueError:  # lists of different lengths
        array = np.empty(0, dtype=object)
    if array.dtype.kind == "c":
        raise CevnsjaxError(f"A real number or an array of them is needed, got {short(value)}.")
    if array.dtype.kind not in "biuf":
        raise CevnsjaxError(f"A number or an array of numbers is needed, got {short(value)}.")
    return array


def namespace(array: Array | np.ndarray) -> Any:
    """The functions for an array: those of NumPy compile nothing."""
    return np if isinstance(array, np.ndarray) else jnp


def as_optional_float(value) -> Float[Array, "..."] | None:
    """Convert with :func:`as_float` what is there, and leave ``None`` alone."""
    return None if value is None else as_float(value)


def as_floats(values: Mapping) -> dict[str, Float[Array, "..."]]:
    """Convert every value of a mapping with :func:`as_float`."""
    return {name: as_float(value) for name, value in values.items()}


def tree_as_float(tree):
    """Convert every floating array of a tree with :func:`as_float`: to float64 inside of ``jax.enable_x64``."""
    return jax.tree.map(lambda leaf: as_float(leaf) if eqx.is_inexact_array(leaf) else leaf, tree)


def is_concrete(value) -> bool:
    """Tell whether a value can be looked at now (it is not a tracer, nor a placeholder of a transformation)."""
    return isinstance(value, (float, int, np.ndarray, np.generic, jax.Array)) and not isinstance(value, Tracer)


def check_positive(name: str, value, unit: str) -> None:
    """Refuse a number (or array) that is not finite and positive.

    Traced values are let through: inside a likelihood nothing raises.
    """
    _check(name, value, lambda array: np.isfinite(array) & (array > 0), f"positive and in {unit or 'no unit'}")


def check_not_negative(name: str, value, unit: str) -> None:
    """Refuse a number (or array) that is not finite, or negative; traced values are let through."""
    must = f"zero or positive and in {unit or 'no unit'}"
    _check(name, value, lambda array: np.isfinite(array) & (array >= 0), must)


def check_finite(name: str, value, unit: str) -> None:
    """Refuse a number (or array) that is not finite; traced values are let through."""
    _check(name, value, np.isfinite, f"finite and in {unit or 'no unit'}")


def check_fraction(name: str, value) -> None:
    """Refuse a number (or array) that is not between 0 and 1; traced values are let through."""
    _check(name, value, lambda array: (array >= 0) & (array <= 1 + ROUNDING), "between 0 and 1")


def _check(name: str, value, allowed: Callable[[np.ndarray], np.ndarray], must: str) -> None:
    if is_concrete(value) and not np.all(good := allowed(np.asarray(value))):
        raise CevnsjaxError(f"{name} must be {must}, got {shown(value, good)}.")


def shown(values, allowed=None) -> str:
    """Write numbers into a message: up to four as they are, of more the first that is not allowed, and their number.

    Parameters
    ----------
    values
        A number, or an array of any shape.
    allowed
        Which of them are, in the same shape.
    """
    array = np.asarray(values)
    if array.size <= _FEW:
        return f"{array:g}" if array.ndim == 0 else f"[{', '.join(f'{each:g}' for each in array.ravel())}]"
    if allowed is None or np.all(allowed):
        return f"{array.size} numbers from {array.min():g} to {array.max():g}"
    place = int(np.argmin(np.ravel(allowed)))
    return f"{array.ravel()[place]:g} as number {place + 1} of {array.size}"


def _increase(array: np.ndarray, equal: bool = False) -> np.ndarray:
    """Which numbers of a row are finite and above the one before, or equal to it."""
    steps = np.diff(array)
    return np.isfinite(array) & np.concatenate([[True], steps >= 0 if equal else steps > 0])


def check_distribution(name: str, contents) -> None:
    """Refuse relative contents that are not finite, any that is negative, and those that add up to nothing.

    Of a table with several rows each must have something; traced values are let through.
    """
    if not is_concrete(contents):
        return
    array = np.atleast_1d(np.asarray(contents))
    good = np.isfinite(array) & (array >= 0)
    if not array.size or not np.all(good):
        raise CevnsjaxError(f"{name} must be finite and zero or positive everywhere, got {shown(array, good)}.")
    empty = np.flatnonzero(array.sum(axis=-1) == 0)
    if empty.size:
        where = "" if array.ndim == 1 else f" in each row, got nothing in rows {empty.tolist()}"
        raise CevnsjaxError(f"{name} must have something above zero{where}.")


def number_array(name: str, values) -> np.ndarray:
    """Return values as a NumPy array of real numbers; refuse texts, ragged lists, and whatever else is none."""
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "biuf":
        raise CevnsjaxError(f"{name} must be an array of real numbers, got {short(values)}.")
    return array


def short(value, most: int = 60) -> str:
    """Write a value into a message, cut where it is long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= most else f"{text[: most - 3]}..."


def check_edges(name: str, edges, unit: str) -> np.ndarray:
    """Return bin edges as a NumPy array; refuse fewer than two, non-finite ones, and any that do not increase."""
    array = np.asarray(edges, dtype=float)
    if array.ndim != 1 or array.size < 2:
        raise CevnsjaxError(f"{name} must be a list of at least two edges in {unit}, got shape {array.shape}.")
    if not np.all(good := _increase(array)):
        raise CevnsjaxError(f"{name} must be finite and increase strictly (in {unit}), got {shown(array, good)}.")
    return array


def check_knots(name: str, knots, unit: str, values_name: str, values, *, equal: bool = False) -> None:
    """Refuse knots that do not increase, and values that are not finite or not one (or one row) for each knot.

    With ``equal`` neighbours may be the same, as energies of levels are. Traced values are let through but for their
    shapes: inside a likelihood nothing raises.
    """
    if knots.ndim != 1 or values.ndim == 0 or not 0 < knots.shape[0] == values.shape[0]:
        raise CevnsjaxError(
            f"{values_name} must have one entry for each of {name}, got shapes {values.shape} and {knots.shape}."
        )
    if is_concrete(knots) and not np.all(good := _increase(np.asarray(knots), equal)):
        how = "not decrease" if equal else "increase strictly"
        raise CevnsjaxError(f"{name} must be finite and {how} (in {unit}), got {shown(knots, good)}.")
    if is_concrete(values) and not np.all(good := np.isfinite(values)):
        raise CevnsjaxError(f"{values_name} must be finite, got {shown(values, good)}.")


def power_series(argument: Float[Array, "*shape"], coefficients: Sequence[float]) -> Float[Array, "*shape"]:
    """Evaluate sum_k coefficients[k] argument^k by Horner's rule."""
    result = jnp.full_like(argument, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = result * argument + coefficient
    return result


def legendre_polynomials(x, number: int) -> list:
    """Legendre polynomials of degrees below a number, each of the shape of x, an array of NumPy or of JAX."""
    polynomials = [namespace(x).ones_like(x), x]
    for degree in range(2, number):
        polynomials.append(((2 * degree - 1) * x * polynomials[-1] - (degree - 1) * polynomials[-2]) / degree)
    return polynomials[:number]


def exponential_integral(length: Float[Array, "*#shape"], rate: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
    """Integral of exp(-rate u) over u from 0 to length, smooth through rate = 0."""
    exponent = length * rate
    small = jnp.abs(exponent) < 1e-2
    safe = jnp.where(small, 1.0, exponent)
    series = power_series(jnp.where(small, exponent, 0.0), [(-1.0) ** k / math.factorial(k + 1) for k in range(7)])
    return length * jnp.where(small, series, -jnp.expm1(-safe) / safe)
