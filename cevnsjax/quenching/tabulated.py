"""Quenching through knots: a measured quenching factor, and a monotone curve that assumes no model."""

from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_fraction, check_knots, check_positive, is_concrete, shown
from cevnsjax.columns import Column, ascending, read_columns
from cevnsjax.errors import CevnsjaxError
from cevnsjax.quenching.quenching import AbstractQuenching

_ENERGY = Column("recoil_energy", "keV", ("energy", "E", "T", "Enr", "E_nr"))
_FACTOR = Column("quenching_factor", "", ("factor", "quenching", "qf", "q"), fraction=True)


class TabulatedQuenching(AbstractQuenching):
    """E_I = T Q(T), the quenching factor linear between knots and constant beyond them; nothing below a floor.

    Attributes
    ----------
    knots_keV
        Recoil energies, keV, increasing, shape ``[knot]``. The derivative of E_I jumps at each.
    factors
        Quenching factor at the knots, between 0 and 1, shape ``[knot]``.
    recoil_floor_keV
        Recoils below it give no ionisation, keV. A step: the derivative with respect to it is zero.
    """

    knots_keV: Float[Array, " knot"] = eqx.field(converter=as_float)
    factors: Float[Array, " knot"] = eqx.field(converter=as_float)
    recoil_floor_keV: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        check_knots("knots_keV", self.knots_keV, "keV", "factors", self.factors)
        check_fraction("factors", self.factors)

    @classmethod
    def from_file(cls, path: Path | str, recoil_floor_keV: float = 0.0) -> "TabulatedQuenching":
        """Read ``recoil_energy_keV, quenching_factor`` from a text file (:mod:`cevnsjax.columns`); percent too."""
        columns = read_columns(path, (_ENERGY, _FACTOR))
        energies = columns.get(_ENERGY, 0)
        order = ascending(columns, energies, "the recoil energy")
        return cls(energies[order], columns.get(_FACTOR, 1)[order], recoil_floor_keV)

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        energy_keV = recoil_energy_keV * jnp.interp(recoil_energy_keV, self.knots_keV, self.factors)
        return jnp.where(recoil_energy_keV >= self.recoil_floor_keV, energy_keV, 0.0)

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        return jnp.append(self.knots_keV, self.recoil_floor_keV)


def _limited_slopes(widths: Float[Array, " interval"], secants: Float[Array, " interval"]) -> Float[Array, " knot"]:
    """Slopes at the knots that keep a cubic spline monotone between them."""
    left, right = 2.0 * widths[1:] + widths[:-1], widths[1:] + 2.0 * widths[:-1]
    before, after = secants[:-1], secants[1:]
    agree = before * after > 0.0
    denominator = jnp.where(agree, left * after + right * before, 1.0)
    inner = jnp.where(agree, (left + right) * before * after / denominator, 0.0)

    def end(width, next_width, secant, next_secant):
        slope = ((2.0 * width + next_width) * secant - width * next_secant) / (width + next_width)
        return jnp.clip(slope, jnp.minimum(0.0, 3.0 * secant), jnp.maximum(0.0, 3.0 * secant))

    first = end(widths[0], widths[1], secants[0], secants[1])
    last = end(widths[-1], widths[-2], secants[-1], secants[-2])
    return jnp.concatenate([first[None], inner, last[None]])


class MonotoneQuenching(AbstractQuenching):
    """E_I as a monotone cubic spline through zero and knots, for fits that assume no model.

    The ionisation energies at the knots are the parameters. F. N. Fritsch and J. Butland, SIAM J. Sci. Stat. Comput. 5,
    300 (1984): weighted harmonic means of the neighbouring secants as slopes, the same curve as SciPy's
    ``PchipInterpolator``. As long as the knots increase, so does E_I, with a continuous derivative in T; straight
    beyond the last knot, with the slope there. In the knots' values it is continuous, and smooth unless two
    neighbouring values become equal.

    Attributes
    ----------
    knots_keV
        Recoil energies, keV, above zero and increasing, two or more, shape ``[knot]``.
    ionisation_energies_keV
        E_I at the knots, keV, from zero to the recoil energy, not decreasing, shape ``[knot]``.
    """

    knots_keV: Float[Array, " knot"] = eqx.field(converter=as_float)
    ionisation_energies_keV: Float[Array, " knot"] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_knots("knots_keV", self.knots_keV, "keV", "ionisation_energies_keV", self.ionisation_energies_keV)
        check_positive("knots_keV", self.knots_keV, "keV")
        if self.knots_keV.shape[0] < 2:
            raise CevnsjaxError(f"knots_keV must hold at least two energies, got {self.knots_keV.shape[0]}.")
        energies = self.ionisation_energies_keV
        if is_concrete(energies) and not np.all(good := np.diff(energies, prepend=0.0) >= 0.0):
            raise CevnsjaxError(
                "ionisation_energies_keV must be zero or positive and must not decrease (in keV), got "
                f"{shown(energies, good)}."
            )
        if is_concrete(energies) and is_concrete(self.knots_keV):
            check_fraction("ionisation_energies_keV over knots_keV", energies / self.knots_keV)

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        knots = jnp.concatenate([jnp.zeros_like(self.knots_keV[:1]), self.knots_keV])
        values = jnp.concatenate([jnp.zeros_like(knots[:1]), self.ionisation_energies_keV])
        widths = jnp.diff(knots)
        secants = jnp.diff(values) / widths
        slopes = _limited_slopes(widths, secants)
        index = jnp.clip(jnp.searchsorted(knots, recoil_energy_keV, side="right") - 1, 0, widths.shape[0] - 1)
        start, end, width = slopes[index], slopes[index + 1], widths[index]
        x = jnp.clip((recoil_energy_keV - knots[index]) / width, 0.0, 1.0)
        # Hermite's cubic, as the chord plus what the slopes add to it
        bend = (1.0 - x) * (start - secants[index]) - x * (end - secants[index])
        inside = values[index] + width * x * (secants[index] + (1.0 - x) * bend)
        return inside + slopes[-1] * jnp.maximum(recoil_energy_keV - knots[-1], 0.0)

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        return self.knots_keV  # its second derivative jumps
