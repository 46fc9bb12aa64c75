"""Neutrinos on a target without a detector: cross sections of a model, before anything is seen of the recoils."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive
from cevnsjax.constants import ELECTRON_MASS_MEV
from cevnsjax.cross_section import AbstractScattering, Coherent, ElectronScattering, flux_averaged_cross_section
from cevnsjax.cross_section.kinematics import minimum_neutrino_energy_MeV, recoil_energy_MeV
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractFlux
from cevnsjax.parameter import Parameter
from cevnsjax.spectrum import Panels
from cevnsjax.target import Material

_DECADES = tuple(10.0**exponent for exponent in range(-10, 0))
_LOWEST_FRACTION = 1e-9
_ORDER = 24


class Scattering(eqx.Module):
    """A flux, a target and interactions, under the names that they have in an experiment.

    Attributes
    ----------
    target
        What is hit.
    interactions
        What neutrinos do, by name.
    flux
        What arrives.
    nuisances
        None unless given: nothing is measured here.
    """

    target: Material
    interactions: dict[str, AbstractScattering]
    flux: AbstractFlux
    nuisances: tuple[Parameter, ...] = eqx.field(static=True, default=())

    def differential_cross_sections(
        self, neutrino_energy_MeV: float, recoil_energy_keV: float, neutrino: str
    ) -> dict[str, dict[str, Float[Array, ""]]]:
        """dsigma/dT of each interaction on each nuclide, in 1e-40 cm^2 keV^-1.

        Parameters
        ----------
        neutrino_energy_MeV, recoil_energy_keV
            Energies, MeV and keV.
        neutrino
            ``"nu_e"``, ``"nu_mu_bar"`` ...

        Raises
        ------
        CevnsjaxError
            If an energy is not positive, or there is no such neutrino.
        """
        check_positive("neutrino_energy_MeV", neutrino_energy_MeV, "MeV")
        check_positive("recoil_energy_keV", recoil_energy_keV, "keV")
        energy, recoil = as_float([neutrino_energy_MeV]), as_float([recoil_energy_keV])
        return {
            name: {
                isotope: self._acting_on(isotope, interaction).differential_cross_section(
                    energy, recoil, nuclide, neutrino
                )[0]
                for isotope, nuclide in self.target.nuclides.items()
            }
            for name, interaction in self.interactions.items()
        }

    def averaged_cross_sections(self, threshold_keV: float = 0.0) -> dict[str, dict[str, Float[Array, " component"]]]:
        """Cross section of each interaction on each nuclide, averaged over the flux, in 1e-40 cm^2.

        Infinite where it grows without end towards small recoils, as by exchange of a photon: that needs a threshold.

        Parameters
        ----------
        threshold_keV
            Smallest recoil energy that counts, keV.

        Raises
        ------
        CevnsjaxError
            If the threshold is negative.
        """
        if not threshold_keV >= 0.0:
            raise CevnsjaxError(f"threshold_keV must be zero or positive and in keV, got {threshold_keV}.")
        return {
            name: {
                isotope: self._average(self._acting_on(isotope, interaction), isotope, 1e-3 * threshold_keV)
                for isotope in self.target.nuclides
            }
            for name, interaction in self.interactions.items()
        }

    def _acting_on(self, isotope: str, interaction: AbstractScattering) -> AbstractScattering:
        """The interaction without axial terms on a nuclide that has no spin while others of the target have."""
        spinless = {name for name, nuclide in self.target.nuclides.items() if nuclide.has_spin_zero}
        mixed = isotope in spinless and spinless != set(self.target.nuclides)
        if mixed and isinstance(interaction, Coherent) and set(interaction.structures) != {"axial"}:
            return interaction.without("axial")
        return interaction

    def _average(self, interaction: AbstractScattering, isotope: str, threshold_MeV: float):
        """Infinite where the smallest recoils alone make a difference."""
        if threshold_MeV > 0.0:
            return self._average_above(interaction, isotope, threshold_MeV)
        lowest = _LOWEST_FRACTION * self.flux.break_points_MeV[0]
        smallest_MeV = float(recoil_energy_MeV(lowest, self._recoiling_mass_MeV(interaction, isotope)))
        whole, nearly = (self._average_above(interaction, isotope, cut) for cut in (0.0, smallest_MeV))
        return jnp.where(jnp.abs(whole - nearly) > 1e-6 * jnp.abs(whole), jnp.inf, whole)

    def _recoiling_mass_MeV(self, interaction: AbstractScattering, isotope: str) -> Float[Array, ""]:
        electron = interaction.recoil == "electron"
        return as_float(ELECTRON_MASS_MEV) if electron else self.target.nuclides[isotope].mass_MeV

    def _average_above(self, interaction: AbstractScattering, isotope: str, threshold_MeV: float):
        alone = Material({isotope: self.target.nuclides[isotope]}, {isotope: 1.0}, 1.0)
        breaks = self.flux.break_points_MeV
        if isinstance(interaction, ElectronScattering):
            interaction = _over_all_recoils(interaction, alone, threshold_MeV, np.asarray(breaks, dtype=float))
        lowest = minimum_neutrino_energy_MeV(as_float(threshold_MeV), self.target.nuclides[isotope].mass_MeV)
        orders = (_ORDER,) * (len(_DECADES) + breaks.shape[0])
        panels = Panels(lowest, orders, _DECADES)
        return flux_averaged_cross_section(interaction, self.flux, alone, panels)


def _over_all_recoils(
    interaction: ElectronScattering, atom: Material, threshold_MeV: float, breaks_MeV: np.ndarray
) -> ElectronScattering:
    """The same scattering on the electrons of one atom, over every recoil that the flux can give."""
    energies = (*(breaks_MeV[0] * np.asarray(_DECADES)), *breaks_MeV)
    largest_keV = 2e3 * energies[-1] ** 2 / (ELECTRON_MASS_MEV + 2.0 * energies[-1])
    lowest_keV = max(1e3 * threshold_MeV, 1e-18 * largest_keV)
    cut = ElectronScattering.on(atom, lowest_keV, largest_keV, energies[:-1])
    return ElectronScattering(interaction.terms, cut.shells, cut.edges_keV, (_ORDER,) * len(cut.orders))
