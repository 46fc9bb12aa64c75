"""Mesons of a beam: how many of each energy, and the moments of their angles."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_finite, check_not_negative, check_positive, is_concrete
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.tables import Table, data_files, read_table

_PIONS = "pi0_"

DEGREES = 11
"""Legendre polynomials of the angle that are kept: events of CCM are 1e-3 off, 2 % with five."""


class MesonCells(eqx.Module):
    """Mesons that a beam makes, at energies with an angular distribution each.

    Angles enter by the moments of their Legendre polynomials: of an axially symmetric beam those of the angle to a
    direction are these times the polynomials of that direction's angle to the beam.

    Attributes
    ----------
    kinetic_energy_MeV
        Energies, MeV, shape ``[cell]``.
    mesons_per_proton
        How many of each energy a proton makes, shape ``[cell]``.
    angular_moments
        Mean of each Legendre polynomial of the cosine of the angle to the beam, from degree 0, which is one, up: shape
        ``[cell, degree]``.
    tilt
        Beam temperature: mesons are weighted by exp(tilt (T/<T> - 1)), their sum unchanged; 0 nominally.
    """

    kinetic_energy_MeV: Float[Array, " cell"] = eqx.field(converter=as_float)
    mesons_per_proton: Float[Array, " cell"] = eqx.field(converter=as_float)
    angular_moments: Float[Array, "cell degree"] = eqx.field(converter=as_float)
    tilt: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        check_positive("kinetic_energy_MeV", self.kinetic_energy_MeV, "MeV")
        check_not_negative("mesons_per_proton", self.mesons_per_proton, "mesons per proton")
        check_finite("angular_moments", self.angular_moments, "")
        check_finite("tilt", self.tilt, "")
        cells = self.kinetic_energy_MeV.shape[0]
        if self.mesons_per_proton.shape != (cells,) or self.angular_moments.shape[0] != cells:
            raise CevnsjaxError(
                f"kinetic_energy_MeV, mesons_per_proton and angular_moments must have as many rows, got {cells}, "
                f"{self.mesons_per_proton.shape[0]} and {self.angular_moments.shape[0]}."
            )
        if is_concrete(self.mesons_per_proton) and not np.any(np.asarray(self.mesons_per_proton) > 0.0):
            raise CevnsjaxError("mesons_per_proton must not be zero in all cells.")

    @classmethod
    def from_sample(
        cls, kinetic_energy_MeV, cosine, protons: float, mass_MeV: float, cells: int = 16, degrees: int = DEGREES
    ) -> "MesonCells":
        """Build from simulated mesons: equal steps in rapidity, each at the mean rapidity of its mesons.

        Parameters
        ----------
        kinetic_energy_MeV, cosine
            Of each meson: kinetic energy, MeV, and cosine of the angle to the beam.
        protons
            How many protons made them.
        mass_MeV
            Mass of the meson, MeV.
        cells, degrees
            How many energies and Legendre polynomials are kept.
        """
        rapidity = np.arccosh(1.0 + np.asarray(kinetic_energy_MeV) / mass_MeV)
        edges = np.linspace(rapidity.min(), rapidity.max(), cells + 1)
        cell = np.clip(np.searchsorted(edges, rapidity, side="right") - 1, 0, cells - 1)
        number = np.bincount(cell, minlength=cells)
        some = number > 0

        def mean(values):
            return np.bincount(cell, weights=values, minlength=cells)[some] / number[some]

        polynomials = np.polynomial.legendre.legvander(np.asarray(cosine), degrees - 1)
        moments = np.stack([mean(each) for each in polynomials.T], axis=1)
        return cls(mass_MeV * (np.cosh(mean(rapidity)) - 1.0), number[some] / protons, moments)

    @classmethod
    def from_table(cls, table: Table) -> "MesonCells":
        """Build from a table with the columns ``kinetic_energy_MeV``, ``mesons_per_proton``, ``legendre_1`` and on."""
        degrees = sum(name.startswith("legendre_") for name in table.columns)
        moments = [np.ones_like(table["mesons_per_proton"]), *(table[f"legendre_{i + 1}"] for i in range(degrees))]
        return cls(table["kinetic_energy_MeV"], table["mesons_per_proton"], np.stack(moments, axis=1))

    def of_yield(self, mesons_per_proton: float) -> "MesonCells":
        """Return the same mesons, another number of them per proton."""
        scale = mesons_per_proton / self.number_per_proton
        return MesonCells(self.kinetic_energy_MeV, scale * self.mesons_per_proton, self.angular_moments, self.tilt)

    def isotropic(self) -> "MesonCells":
        """Return the same mesons in all directions."""
        return MesonCells(self.kinetic_energy_MeV, self.mesons_per_proton, self.angular_moments[:, :1], self.tilt)

    @property
    def number_per_proton(self) -> Scalar:
        """Mesons per proton, of all energies."""
        return self.mesons_per_proton.sum()

    @property
    def tilted_per_proton(self) -> Float[Array, " cell"]:
        """Mesons per proton of each energy, with the tilt."""
        mean = (self.mesons_per_proton * self.kinetic_energy_MeV).sum() / self.number_per_proton
        weight = self.mesons_per_proton * jnp.exp(self.tilt * (self.kinetic_energy_MeV / mean - 1.0))
        return weight * (self.number_per_proton / weight.sum())


def beam_pions(beam: str) -> MesonCells:
    """Neutral pions of a beam by name, as simulated for the packaged tables.

    Parameters
    ----------
    beam
        ``"sns"`` (1 GeV on mercury) or ``"lujan"`` (0.8 GeV on tungsten).

    Raises
    ------
    UnknownNameError
        If there is no table of this beam.
    """
    if beam not in beams_with_pions():
        raise UnknownNameError("table of neutral pions for the beam", beam, beams_with_pions())
    return MesonCells.from_table(read_table(f"dark_matter/{_PIONS}{beam}.csv"))


def beams_with_pions() -> tuple[str, ...]:
    """Names of the beams whose neutral pions are packaged."""
    return tuple(name.removeprefix(_PIONS) for name in data_files("dark_matter", ".csv") if name.startswith(_PIONS))
