"""Neutrinos on a target without a detector: cross sections of a model, before anything is seen of the recoils."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive
from cevnsjax.constants import CROSS_SECTION_UNIT_CM2
from cevnsjax.cross_section import AbstractNeutrinoScattering, Coherent, Panels
from cevnsjax.cross_section.average import recoil_spectrum, smallest_recoil_keV
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import Source, sources_of
from cevnsjax.parameter import Parameter
from cevnsjax.target import Material, Nuclide

_GROWS = 1e-6  # part of an average in the last tenth of the decades below 1 keV, where it has no end


class Scattering(eqx.Module):
    """Sources, a target and interactions, under the names that they have in an experiment.

    Attributes
    ----------
    target
        What is hit.
    interactions
        What neutrinos do, by name.
    sources
        What arrives, by name.
    nuisances
        None unless given: nothing is measured here.
    """

    target: Material
    interactions: dict[str, AbstractNeutrinoScattering]
    sources: dict[str, Source]
    nuisances: tuple[Parameter, ...] = eqx.field(static=True, default=())

    def with_interactions(self, interactions: Mapping[str, AbstractNeutrinoScattering]) -> "Scattering":
        """Return the same with more interactions, or others in the place of those of the same name."""
        return eqx.tree_at(lambda s: s.interactions, self, {**self.interactions, **interactions})

    def with_sources(self, sources: Mapping[str, Source]) -> "Scattering":
        """Return the same with more sources, or others in the place of those of the same name."""
        return eqx.tree_at(lambda s: s.sources, self, {**self.sources, **sources})

    def seen_by(self, interaction: str) -> tuple[str, ...]:
        """Names of the sources that an interaction acts on."""
        return sources_of(self.sources, self.interactions[interaction].sees)

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

    def averaged_cross_sections(
        self, threshold_keV: float = 0.0
    ) -> dict[str, dict[str, dict[str, Float[Array, " component"]]]]:
        """Cross section of each interaction on each nuclide, averaged over each source, in 1e-40 cm^2.

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
                isotope: {
                    source: self._average(self._acting_on(isotope, interaction), isotope, source, threshold_keV)
                    for source in self.seen_by(name)
                }
                for isotope in self.target.nuclides
            }
            for name, interaction in self.interactions.items()
        }

    def _acting_on(self, isotope: str, interaction: AbstractNeutrinoScattering) -> AbstractNeutrinoScattering:
        """The interaction without axial terms on a nuclide that has no spin while others of the target have."""
        spinless = {name for name, nuclide in self.target.nuclides.items() if nuclide.has_spin_zero}
        mixed = isotope in spinless and spinless != set(self.target.nuclides)
        if mixed and isinstance(interaction, Coherent) and set(interaction.structures) != {"axial"}:
            return interaction.without("axial")
        return interaction

    def _average(self, interaction: AbstractNeutrinoScattering, isotope: str, source: str, threshold_keV: float):
        """Infinite where the smallest recoils of all make a difference, whatever scale a mediator sets."""
        flux: Any = self.sources[source].flux  # of the kind that the interaction sees
        interaction.check_target(_alone(isotope, self.target.nuclides[isotope]))
        alone = _alone("nucleus", self.target.nuclides[isotope])  # under one name all isotopes share a program
        smallest_keV = smallest_recoil_keV(flux.fluence_per_cm2.dtype)
        lowest_keV = threshold_keV if threshold_keV > 0.0 else smallest_keV
        panels = Panels.of_all_recoils(flux, lowest_keV, interaction.kinks_keV)
        events = recoil_spectrum(interaction, flux, alone, panels).flat()
        nuclei_per_kg = alone.nuclei_per_kg("nucleus") * EXPOSURE_SCALE
        per_neutrino = events.events / (flux.fluence_per_cm2 * (CROSS_SECTION_UNIT_CM2 / EXPOSURE_SCALE))[:, None]
        average = per_neutrino.sum(axis=1) / nuclei_per_kg
        if threshold_keV > 0.0:
            return average
        smallest = jnp.where(events.energy_keV < smallest_keV**0.9, 1.0, 0.0)
        grows = (per_neutrino * smallest[None]).sum(axis=1) > _GROWS * per_neutrino.sum(axis=1)
        return jnp.where(grows, jnp.inf, average)


def _alone(name: str, nuclide: Nuclide) -> Material:
    """A material of one nuclide."""
    return Material({name: nuclide}, {name: 1.0}, 1.0)
