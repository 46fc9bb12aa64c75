"""Matter in which photons are absorbed, and make a light boson now and then before."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.errors import UnknownNameError
from cevnsjax.tables import read_table
from cevnsjax.target import Material, compound

_TABLE = "photon_absorption.csv"


class PhotonTarget(eqx.Module):
    """Elements with their total cross sections for photons, coherent scattering included.

    A photon is taken to be gone after it has interacted: what showers do is what its spectrum must say already.

    Attributes
    ----------
    proton_numbers
        Of the elements.
    shares
        Of all atoms, shape ``[element]``.
    log_energy_MeV
        Knots in ln(E/MeV), shape ``[knot]``.
    spline
        Monotone cubics between knots for ln of the mean cross section of an atom in barn, highest power first, in the
        distance from the knot, shape ``[4, interval]``.
    """

    proton_numbers: tuple[int, ...] = eqx.field(static=True)
    shares: Float[Array, " element"] = eqx.field(converter=as_float)
    log_energy_MeV: Float[Array, " knot"] = eqx.field(converter=as_float)
    spline: Float[Array, "4 interval"] = eqx.field(converter=as_float)

    @classmethod
    def of(cls, material: Material) -> "PhotonTarget":
        """Build the target from a material, whose elements XCOM's packaged table must have.

        Raises
        ------
        UnknownNameError
            If there is no table of photons for an element.
        """
        table = read_table(_TABLE)
        known = [name.removesuffix("_barn") for name in table.columns if name.endswith("_barn")]
        atoms: dict[str, float] = {}
        numbers: dict[str, int] = {}
        for name, nuclide in material.nuclides.items():
            element = name.rstrip("0123456789")
            if element not in known:
                raise UnknownNameError("element with a table of the absorption of photons", element, known)
            atoms[element] = atoms.get(element, 0.0) + float(material.nuclei_per_formula_unit[name])
            numbers[element] = nuclide.proton_number
        from scipy.interpolate import PchipInterpolator  # imported where it is used: it is dear to start

        shares = np.array(list(atoms.values())) / sum(atoms.values())
        barn = sum(share * table[f"{element}_barn"] for element, share in zip(atoms, shares, strict=True))
        logarithm = np.log(table["energy_MeV"])
        return cls(tuple(numbers.values()), shares, logarithm, PchipInterpolator(logarithm, np.log(barn)).c)

    @classmethod
    def named(cls, target: "str | PhotonTarget") -> "PhotonTarget":
        """Build the target from a chemical formula, or leave one alone."""
        return cls.of(compound(target)) if isinstance(target, str) else target

    def absorption_barn(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Mean cross section of an atom at energies in MeV, barn; beyond the table that of its end."""
        knots = self.log_energy_MeV
        place = jnp.clip(jnp.log(energy_MeV), knots[0], knots[-1])
        interval = jnp.clip(jnp.searchsorted(knots, place, side="right") - 1, 0, self.spline.shape[1] - 1)
        offset, cubic = place - knots[interval], self.spline[:, interval]
        return jnp.exp(((cubic[0] * offset + cubic[1]) * offset + cubic[2]) * offset + cubic[3])

    @property
    def electrons(self) -> Float[Array, ""]:
        """Electrons of an atom, on average."""
        return (self.shares * as_float(self.proton_numbers)).sum()
