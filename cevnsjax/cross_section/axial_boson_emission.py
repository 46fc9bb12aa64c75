"""Nuclei that neutrons excite and that emit a vector boson: its e+ e- are seen."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive, is_concrete
from cevnsjax.constants import CROSS_SECTION_UNIT_CM2, NEUTRON_MASS_MEV
from cevnsjax.cross_section.interaction import AbstractDeposit, Recoil, spectrum_of
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, AbstractNodes
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractNeutronFlux, AbstractSource
from cevnsjax.particle import AbstractAxialTransition, AxialBoson
from cevnsjax.spectrum import Spectrum
from cevnsjax.target import Material

_PER_BARN = 1e-24 / CROSS_SECTION_UNIT_CM2
_MEV_PER_EV = 1e-6
SMALLEST_BARN, LARGEST_BARN = 1e-3, 1e-2
"""Where calculations have the cross section of neutrons, b."""


class AxialBosonNodes(AbstractNodes):
    """One level, with everything but the width of the boson.

    Attributes
    ----------
    energy_keV
        Energy of the transition, keV, shape ``[1]``.
    weight
        Cross section of excitation, averaged over one neutron, in ``CROSS_SECTION_UNIT_CM2`` times targets per kg,
        shape ``[component, 1]``.
    """

    energy_keV: Float[Array, " level"]
    weight: Float[Array, "component level"]


class AxialBosonEmission(AbstractDeposit):
    """n + A -> n + A*, A* -> A X, X -> e+ e- at once: all of the energy of the level is seen.

    Events = N sigma_n phi_n(E > E_thr) Gamma_X/Gamma: photons phi_gamma = n w (N_A/M) (Gamma_gamma/Gamma) int sigma_n
    dphi_n and phi_X = phi_gamma Gamma_X/Gamma_gamma of a talk of B. Dutta (2024), with n the mass of a material, w the
    share of the nuclide and M its molar mass, which it leaves open; Gamma_gamma drops out.

    The cross section is a number above the threshold E (1 + m_n/M) + E^2/(2 M): calculations (Gamow shell model with
    coupled channels) give 1e-3 to 1e-2 b, and no table of them is public.

    Attributes
    ----------
    nuclide
        What is excited, like ``"C12"``.
    energy_MeV
        Energy of the level, MeV.
    total_width_eV
        Gamma of the level, eV.
    transition
        How it emits X.
    boson
        X.
    cross_section_barn
        Sigma_n, b, from 1e-3 to 1e-2.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractNeutronFlux
    recoil: ClassVar[Recoil] = Recoil.NONE
    nuclide: str = eqx.field(static=True)
    energy_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    total_width_eV: Float[Array, ""] = eqx.field(converter=as_float)
    transition: AbstractAxialTransition
    boson: AxialBoson
    cross_section_barn: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("energy_MeV", self.energy_MeV, "MeV")
        check_positive("total_width_eV", self.total_width_eV, "eV")
        barn = self.cross_section_barn
        if is_concrete(barn) and not SMALLEST_BARN <= float(barn) * (1.0 + 1e-6) <= LARGEST_BARN * (1.0 + 2e-6):
            raise CevnsjaxError(
                f"cross_section_barn must be from {SMALLEST_BARN:g} to {LARGEST_BARN:g} b, where calculations have it, "
                f"got {float(barn):g} b."
            )

    def check_target(self, target: Material) -> None:
        if self.nuclide not in target.nuclides:
            raise CevnsjaxError(f"nuclide must be one of {', '.join(target.nuclides)}, got {self.nuclide}.")

    @property
    def branching_ratio(self) -> Scalar:
        """Gamma_X/Gamma; zero for an X that is heavier than the transition."""
        return self.transition.width_MeV(self.boson, self.energy_MeV) / (_MEV_PER_EV * self.total_width_eV)

    def nodes(self, source: AbstractNeutronFlux, target: Material) -> AxialBosonNodes:
        self.check_target(target)
        mass_MeV = target.nuclides[self.nuclide].mass_MeV
        threshold = self.energy_MeV * (1.0 + (NEUTRON_MASS_MEV + 0.5 * self.energy_MeV) / mass_MeV)
        scale = target.nuclei_per_kg(self.nuclide) * EXPOSURE_SCALE * _PER_BARN
        weight = scale * self.cross_section_barn * source.above(threshold[None])
        return AxialBosonNodes(1e3 * self.energy_MeV[None], weight)

    def spectrum(self, nodes: AxialBosonNodes, source: AbstractNeutronFlux, target: Material) -> Spectrum:
        return spectrum_of(nodes, source, nodes.weight * self.branching_ratio)
