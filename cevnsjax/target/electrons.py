"""Electron shells: how many electrons of an atom, or of a formula unit, can take part in a recoil."""

import functools

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_not_negative, check_positive
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.tables import Table, read_table
from cevnsjax.target.material import Material


class ElectronShells(eqx.Module):
    """The subshells of an atom or of a formula unit, in any order.

    Attributes
    ----------
    binding_energy_keV
        Binding energy of each subshell, shape (shell,), keV; zero for electrons that are always free.
    electrons
        Electrons of each subshell, shape (shell,).
    """

    binding_energy_keV: Float[Array, " shell"] = eqx.field(converter=as_float)
    electrons: Float[Array, " shell"] = eqx.field(converter=as_float)

    def __check_init__(self):
        shape = self.binding_energy_keV.shape
        if len(shape) != 1 or shape != self.electrons.shape:
            raise CevnsjaxError(
                "binding_energy_keV and electrons must be two lists of the same length, "
                f"got the shapes {shape} and {self.electrons.shape}."
            )
        check_not_negative("binding_energy_keV", self.binding_energy_keV, "keV")
        check_positive("electrons", self.electrons, "electrons")

    def free_electrons(self, energy_keV: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """Count the electrons that an energy can free: sum_i n_i theta(T - B_i).

        The step approximation: each electron scatters as a free one, once the energy reaches its binding energy (K. A.
        Kouzakov, A. I. Studenikin and M. B. Voloshin, Phys. Rev. D 83, 113001 (2011); J.-W. Chen et al., Phys. Rev. D
        91, 013005 (2015) go beyond it). Between the steps it is flat: derivatives with respect to energies are zero.

        Parameters
        ----------
        energy_keV
            Energy T that the electrons take up, keV, any shape.

        Returns
        -------
        Array
            Number of electrons, of the same shape.
        """
        energy = jnp.expand_dims(energy_keV, -1)
        binding, electrons = (
            jnp.expand_dims(leaf, tuple(range(energy.ndim - 1))) for leaf in (self.binding_energy_keV, self.electrons)
        )
        return jnp.sum(jnp.where(energy >= binding, electrons, 0.0), axis=-1)


@functools.cache
def _shell_table() -> Table:
    """Read the packaged table of subshells."""
    return read_table(
        "electron_shells.csv",
        columns=("element", "proton_number", "shell", "binding_energy_keV", "electrons"),
        text_columns=("element", "shell"),
    )


def electron_shells(symbol: str) -> ElectronShells:
    """Look up the subshells of a neutral atom.

    Binding energies are absorption edges of W. T. Elam, B. D. Ravel and J. R. Sieber, Radiat. Phys. Chem. 63, 121
    (2002), zero for valence shells that have none there.

    Parameters
    ----------
    symbol
        Symbol of the element, like ``"Xe"``.

    Returns
    -------
    ElectronShells
        From the innermost subshell outwards, Z electrons in all.

    Raises
    ------
    UnknownNameError
        If the element is not in the table (H to U).
    """
    table = _shell_table()
    rows = table["element"] == symbol
    if not rows.any():
        raise UnknownNameError("element with electron shells", symbol, set(table["element"].tolist()))
    return ElectronShells(table["binding_energy_keV"][rows], table["electrons"][rows])


def atoms_per_formula_unit(material: Material) -> dict[str, Float[Array, ""]]:
    """Count the atoms of each element in a formula unit: its isotopes are added up.

    Parameters
    ----------
    material
        Elements are told by the proton numbers of its nuclides, whatever their names.

    Returns
    -------
    dict
        Atoms per formula unit by symbol of the element, in the order of the material.

    Raises
    ------
    UnknownNameError
        If a nuclide belongs to an element without electron shells in the table.
    """
    table = _shell_table()
    symbols = dict(zip(table["proton_number"].astype(int).tolist(), table["element"].tolist(), strict=True))
    atoms: dict[str, Float[Array, ""]] = {}
    for name, one in material.nuclides.items():
        if one.proton_number not in symbols:
            raise UnknownNameError("element with electron shells", f"Z = {one.proton_number}", symbols.values())
        symbol, count = symbols[one.proton_number], material.nuclei_per_formula_unit[name]
        atoms[symbol] = atoms[symbol] + count if symbol in atoms else count
    return atoms


def shells_per_formula_unit(material: Material) -> ElectronShells:
    """Merge the subshells of all atoms of a formula unit; binding energies stay those of the neutral atoms.

    Parameters
    ----------
    material
        The material, with natural or enriched isotopes.

    Returns
    -------
    ElectronShells
        Subshells of one element after the other, electrons per formula unit.

    Raises
    ------
    UnknownNameError
        If a nuclide belongs to an element without electron shells in the table.
    """
    atoms = atoms_per_formula_unit(material)
    shells = {symbol: electron_shells(symbol) for symbol in atoms}
    return ElectronShells(
        jnp.concatenate([one.binding_energy_keV for one in shells.values()]),
        jnp.concatenate([atoms[symbol] * one.electrons for symbol, one in shells.items()]),
    )
