"""Efficiencies given as tables in energy."""

from pathlib import Path

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_fraction, check_knots
from cevnsjax.columns import Column, ascending, read_columns

_ENERGY = Column("energy", "keV", ("E", "reconstructed_energy", "ionisation_energy", "ionization_energy"))
_EFFICIENCY = Column("efficiency", "", ("eff", "acceptance"), fraction=True)


class TabulatedEfficiency(eqx.Module):
    """Linear between knots, zero below the first (a step where its value is not zero), constant above the last.

    One knot alone is a step: ``TabulatedEfficiency([0.2], [1.0])``.

    Attributes
    ----------
    knots_keV
        Energies, keV, increasing, shape ``[knot]``.
    values
        Efficiency at the knots, between 0 and 1, shape ``[knot]``.
    """

    knots_keV: Float[Array, " knot"] = eqx.field(converter=as_float)
    values: Float[Array, " knot"] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_knots("knots_keV", self.knots_keV, "keV", "values", self.values)
        check_fraction("values", self.values)

    @classmethod
    def from_file(cls, path: Path | str) -> "TabulatedEfficiency":
        """Read ``energy_keV, efficiency`` from a text file (:mod:`cevnsjax.columns`); ``efficiency_percent`` too."""
        columns = read_columns(path, (_ENERGY, _EFFICIENCY))
        energies = columns.get(_ENERGY, 0)
        order = ascending(columns, energies, "the energy")
        return cls(energies[order], columns.get(_EFFICIENCY, 1)[order])

    def line(self, energy_keV: Float[Array, " node"]) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        """Efficiency and its slope (keV^-1) at energies in keV."""
        slopes = jnp.diff(self.values) / jnp.diff(self.knots_keV)
        slopes = jnp.concatenate([slopes, jnp.zeros_like(self.values[:1])])
        index = jnp.searchsorted(self.knots_keV, energy_keV, side="right") - 1
        inside = index >= 0
        index = jnp.maximum(index, 0)
        value = self.values[index] + slopes[index] * (energy_keV - self.knots_keV[index])
        return jnp.where(inside, value, 0.0), jnp.where(inside, slopes[index], 0.0)

    def __call__(self, energy_keV: Float[Array, " node"]) -> Float[Array, " node"]:
        """Efficiency at energies in keV, shape ``[node]``."""
        return self.line(energy_keV)[0]
