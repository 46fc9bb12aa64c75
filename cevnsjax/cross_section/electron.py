"""Elastic scattering of neutrinos on atomic electrons."""

import functools
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.constants import ELECTRON_MASS_MEV, FERMI_CROSS_SECTION_PER_MEV2, WEAK_MIXING_ANGLE_SIN2
from cevnsjax.cross_section import kinematics
from cevnsjax.cross_section.amplitude import flavour_product
from cevnsjax.cross_section.flavour import FlavourMatrix
from cevnsjax.cross_section.interaction import AbstractNeutrinoScattering, Recoil
from cevnsjax.cross_section.kinematics import minimum_neutrino_energy_MeV, recoil_energy_MeV, recoil_energy_slope
from cevnsjax.cross_section.nodes import EXPOSURE_SCALE, ChannelNodes, RecoilNodes, weigh
from cevnsjax.cross_section.panels import Panels
from cevnsjax.cross_section.term import AbstractElectronTerm, Coupling, flavour_diagonal, flavour_universal
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractFlux, AbstractSource, energy_powers, parse_neutrino
from cevnsjax.target import ElectronShells, Material, Nuclide, shells_per_formula_unit


class ElectronTreeLevel(AbstractElectronTerm):
    """Standard Model on electrons at tree level: g_L = s_W^2 - 1/2, g_R = s_W^2, and g_L + 1 for nu_e.

    Attributes
    ----------
    weak_mixing_angle_sin2
        s_W^2 at zero momentum transfer (MS-bar).
    """

    electron_structure: ClassVar[str] = "chiral"
    weak_mixing_angle_sin2: Float[Array, ""] = eqx.field(converter=as_float, default=WEAK_MIXING_ANGLE_SIN2)

    def electron_couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, ...]:
        neutral = jnp.reshape(self.weak_mixing_angle_sin2, (1,)) - 0.5
        return flavour_diagonal(neutral + 1.0, neutral, neutral), flavour_universal(self.weak_mixing_angle_sin2)


class ElectronNSI(AbstractElectronTerm):
    """Non-standard interactions of neutrinos with electrons.

    L = -2 sqrt2 G_F sum_{P,a,b} eps^{eP}_ab (nubar_a gamma^mu P_L nu_b)(ebar gamma_mu P e), so that g_L and g_R gain
    eps^{eL} and eps^{eR}; J. Barranco, O. G. Miranda, C. A. Moura and J. W. F. Valle, Phys. Rev. D 77, 093014 (2008).

    Attributes
    ----------
    left, right
        eps^{eL} and eps^{eR}.
    """

    electron_structure: ClassVar[str] = "chiral"
    left: FlavourMatrix = eqx.field(default_factory=FlavourMatrix)
    right: FlavourMatrix = eqx.field(default_factory=FlavourMatrix)

    def electron_couplings(self, q2_MeV2: Float[Array, " node"]) -> tuple[Coupling, ...]:
        return self.left.matrix()[..., None], self.right.matrix()[..., None]


class ElectronScattering(AbstractNeutrinoScattering):
    """Elastic neutrino-electron scattering on the electrons of atoms, each free above its binding energy.

    dsigma_a/dT = (2 G_F^2 m_e/pi) sum_b [g_L^2 + g_R^2 (1 - T/E)^2 - g_L g_R m_e T/E^2] for each electron, g_L and g_R
    exchanged for antineutrinos; G. 't Hooft, Phys. Lett. B 37, 195 (1971). Scalar and magnetic terms add in the rate.
    Electron recoils are not quenched.

    Attributes
    ----------
    terms
        Terms of the amplitude by name, for instance ``{"sm": ElectronTreeLevel()}``.
    shells
        Binding energies and electrons of a formula unit.
    """

    sees: ClassVar[type[AbstractSource]] = AbstractFlux
    recoil: ClassVar[Recoil] = Recoil.ELECTRON
    terms: dict[str, AbstractElectronTerm]
    shells: ElectronShells

    def __check_init__(self):
        if not self.terms:
            raise CevnsjaxError("terms must hold at least one term of the amplitude, got none.")

    @classmethod
    def on(cls, target: Material, terms: dict[str, AbstractElectronTerm] | None = None) -> "ElectronScattering":
        """Build for a material.

        Parameters
        ----------
        target
            The material.
        terms
            Terms of the amplitude; the Standard Model at tree level by default.
        """
        return cls(terms or {"sm": ElectronTreeLevel()}, shells_per_formula_unit(target))

    def with_terms(self, terms: dict[str, AbstractElectronTerm]) -> "ElectronScattering":
        """Return the same interaction with more terms, or others in the place of those of the same name."""
        return ElectronScattering({**self.terms, **terms}, self.shells)

    @property
    def kinks_keV(self) -> Float[Array, " shell"]:
        return self.shells.binding_energy_keV

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> dict[str, Coupling]:
        """Couplings by name (``left``, ``right``, ``scalar``, ``magnetic``), summed over terms."""
        sums: dict[str, Coupling] = {}
        for term in self.terms.values():
            names = ("left", "right") if term.electron_structure == "chiral" else (term.electron_structure,)
            for name, coupling in zip(names, term.electron_couplings(q2_MeV2), strict=True):
                sums[name] = sums[name] + coupling if name in sums else coupling
        return sums

    def nodes(self, source: AbstractFlux, target: Material, panels: Panels) -> RecoilNodes:
        mass = as_float(ELECTRON_MASS_MEV)
        y, moments = panels.nodes(source, mass)
        recoil = recoil_energy_MeV(y, mass)
        width = recoil_energy_slope(y, mass) * self._electrons_per_kg(recoil, target)
        return self._at(recoil, moments, width, source.antineutrinos)

    def nodes_at(
        self, recoil_energy_keV: Float[Array, " point"], source: AbstractFlux, target: Material
    ) -> RecoilNodes:
        recoil = 1e-3 * recoil_energy_keV
        moments = source.moments(minimum_neutrino_energy_MeV(recoil, as_float(ELECTRON_MASS_MEV)))
        return self._at(recoil, moments, 1e-3 * self._electrons_per_kg(recoil, target), source.antineutrinos)

    def _electrons_per_kg(self, recoil_MeV: Float[Array, " node"], target: Material) -> Float[Array, " node"]:
        """Electrons that a recoil can free, per kg and times ``EXPOSURE_SCALE``."""
        return target.formula_units_per_kg * EXPOSURE_SCALE * self.shells.free_electrons(1e3 * recoil_MeV)

    def _at(
        self,
        recoil_MeV: Float[Array, " node"],
        moments: Float[Array, "component power node"],
        width: Float[Array, " node"],
        antineutrinos: tuple[bool, ...],
    ) -> RecoilNodes:
        one, zero = jnp.ones_like(recoil_MeV), jnp.zeros_like(recoil_MeV)
        mass = as_float(ELECTRON_MASS_MEV)
        forward = weigh(jnp.stack([2.0 * one, zero, zero]), moments, width)
        backward = weigh(jnp.stack([2.0 * one, -4.0 * recoil_MeV, 2.0 * recoil_MeV**2]), moments, width)
        exchanged = jnp.asarray(antineutrinos)[:, None]
        correction = 1.0 + 0.5 * recoil_MeV / mass  # an electron has spin 1/2, and is light
        weights = {
            "left_left": jnp.where(exchanged, backward, forward),
            "right_right": jnp.where(exchanged, forward, backward),
            "left_right": weigh(jnp.stack([zero, zero, -2.0 * mass * recoil_MeV]), moments, width),
            "scalar_scalar": weigh(kinematics.scalar(recoil_MeV, mass) * correction[None, :], moments, width),
            "magnetic_magnetic": weigh(kinematics.magnetic(recoil_MeV, mass), moments, width),
        }
        scale = FERMI_CROSS_SECTION_PER_MEV2 * ELECTRON_MASS_MEV
        channels = {name: ChannelNodes(scale * weight, one, one) for name, weight in weights.items()}
        return RecoilNodes(1e3 * recoil_MeV, 2.0 * mass * recoil_MeV, channels)

    def rate(self, nodes: RecoilNodes, flavours: tuple[int, ...]) -> Float[Array, "component *node"]:
        couplings = self.couplings(nodes.q2_MeV2)
        pairs = {name: tuple(name.split("_")) for name in nodes.channels}
        products = [
            channel.weight * flavour_product(couplings[pairs[name][0]], couplings[pairs[name][1]], flavours)
            for name, channel in nodes.channels.items()
            if set(pairs[name]) <= couplings.keys()
        ]
        return functools.reduce(jnp.add, products)

    def largest_recoil_keV(
        self, neutrino_energy_MeV: Float[Array, "*point"], nuclide: Nuclide
    ) -> Float[Array, "*point"]:
        return 1e3 * recoil_energy_MeV(neutrino_energy_MeV, as_float(ELECTRON_MASS_MEV))

    def differential_cross_section(
        self,
        neutrino_energy_MeV: Float[Array, " point"],
        recoil_energy_keV: Float[Array, " point"],
        nuclide: Nuclide,
        neutrino: str,
    ) -> Float[Array, " point"]:
        flavour, antineutrino = parse_neutrino(neutrino)
        recoil = 1e-3 * recoil_energy_keV
        allowed = recoil <= recoil_energy_MeV(neutrino_energy_MeV, as_float(ELECTRON_MASS_MEV))
        atom = shells_per_formula_unit(Material({"atom": nuclide}, {"atom": 1.0}, 1.0))
        width = 1e-3 * jnp.where(allowed, atom.free_electrons(recoil_energy_keV), 0.0)
        nodes = self._at(recoil, energy_powers(neutrino_energy_MeV)[None], width, (antineutrino,))
        return self.rate(nodes, (flavour,))[0]
