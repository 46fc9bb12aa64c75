"""Elastic scattering of neutrinos on atomic electrons."""

import functools
import math
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_edges
from cevnsjax.constants import ELECTRON_MASS_MEV, FERMI_CROSS_SECTION_PER_MEV2, WEAK_MIXING_ANGLE_SIN2
from cevnsjax.cross_section import kinematics
from cevnsjax.cross_section.flavour import FlavourMatrix
from cevnsjax.cross_section.interaction import (
    EXPOSURE_SCALE,
    AbstractScattering,
    ChannelNodes,
    RecoilNodes,
    energy_powers,
    flavour_product,
    weigh,
)
from cevnsjax.cross_section.kinematics import minimum_neutrino_energy_MeV, recoil_energy_MeV
from cevnsjax.cross_section.term import AbstractElectronTerm, Coupling, flavour_diagonal, flavour_universal
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import AbstractFlux, parse_neutrino
from cevnsjax.spectrum import Panels, gauss_legendre_panels
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


class ElectronScattering(AbstractScattering):
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
    edges_keV
        Edges of the quadrature panels in recoil energy, keV: the range of recoils, and every binding energy in it.
    orders
        Number of nodes in each panel.
    """

    recoil: ClassVar[str] = "electron"
    terms: dict[str, AbstractElectronTerm]
    shells: ElectronShells
    edges_keV: Float[Array, " edge"] = eqx.field(converter=as_float)
    orders: tuple[int, ...] = eqx.field(static=True)

    def __check_init__(self):
        if not self.terms:
            raise CevnsjaxError("terms must hold at least one term of the amplitude, got none.")
        if len(self.orders) + 1 != self.edges_keV.shape[0]:
            raise CevnsjaxError(
                f"orders needs one entry for each panel, got {len(self.orders)} for {self.edges_keV.shape[0]} edges."
            )

    @classmethod
    def on(
        cls,
        target: Material,
        lowest_recoil_keV: float = 0.05,
        largest_recoil_keV: float = 12.0,
        break_energies_MeV: tuple[float, ...] = (),
        terms: dict[str, AbstractElectronTerm] | None = None,
    ) -> "ElectronScattering":
        """Build for a material.

        Parameters
        ----------
        target
            The material.
        lowest_recoil_keV, largest_recoil_keV
            Range of recoils, keV; what is outside of it is left out.
        break_energies_MeV
            Energies at which the flux is not smooth, MeV, where the recoils they allow at most are in the range.
        terms
            Terms of the amplitude; the Standard Model at tree level by default.
        """
        shells = shells_per_formula_unit(target)
        breaks = [1e3 * float(recoil_energy_MeV(as_float(e), as_float(ELECTRON_MASS_MEV))) for e in break_energies_MeV]
        inside = {
            float(energy)
            for energy in (*np.asarray(shells.binding_energy_keV, dtype=float), *breaks)
            if lowest_recoil_keV < energy < largest_recoil_keV
        }
        edges = check_edges("recoil range", [lowest_recoil_keV, *sorted(inside), largest_recoil_keV], "keV")
        # resolutions widen with the root of the energy, so that counts panels: 1e-8 for some ten photo-electrons a keV
        orders = tuple(min(64, max(4, math.ceil(20.0 * width))) for width in np.diff(np.sqrt(edges)))
        return cls(terms or {"sm": ElectronTreeLevel()}, shells, edges, orders)

    def with_terms(self, terms: dict[str, AbstractElectronTerm]) -> "ElectronScattering":
        """Return the same interaction with more terms, or others in the place of those of the same name."""
        return ElectronScattering({**self.terms, **terms}, self.shells, self.edges_keV, self.orders)

    def couplings(self, q2_MeV2: Float[Array, " node"]) -> dict[str, Coupling]:
        """Couplings by name (``left``, ``right``, ``scalar``, ``magnetic``), summed over terms."""
        sums: dict[str, Coupling] = {}
        for term in self.terms.values():
            names = ("left", "right") if term.electron_structure == "chiral" else (term.electron_structure,)
            for name, coupling in zip(names, term.electron_couplings(q2_MeV2), strict=True):
                sums[name] = sums[name] + coupling if name in sums else coupling
        return sums

    def nodes(self, flux: AbstractFlux, target: Material, panels: Panels) -> RecoilNodes:
        root, weight = gauss_legendre_panels(jnp.sqrt(1e-3 * self.edges_keV), self.orders)
        return self._in_target(root**2, 2.0 * root * weight, flux, target)

    def nodes_at(self, recoil_energy_keV: Float[Array, " point"], flux: AbstractFlux, target: Material) -> RecoilNodes:
        return self._in_target(1e-3 * recoil_energy_keV, jnp.full_like(recoil_energy_keV, 1e-3), flux, target)

    def _in_target(
        self, recoil_MeV: Float[Array, " node"], width: Float[Array, " node"], flux: AbstractFlux, target: Material
    ) -> RecoilNodes:
        electrons = target.formula_units_per_kg * EXPOSURE_SCALE * self.shells.free_electrons(1e3 * recoil_MeV)
        moments = flux.moments(minimum_neutrino_energy_MeV(recoil_MeV, as_float(ELECTRON_MASS_MEV)))
        return self._at(recoil_MeV, moments, width * electrons, flux.antineutrinos)

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
        nodes = self._at(recoil, energy_powers(neutrino_energy_MeV), width, (antineutrino,))
        return self.rate(nodes, (flavour,))[0]
