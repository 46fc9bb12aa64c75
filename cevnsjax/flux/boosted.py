"""Dark matter of the halo that cosmic rays hit: what arrives is fast, however light it is."""

import math
import warnings

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_not_negative, check_positive, is_concrete
from cevnsjax.constants import ATOMIC_MASS_UNIT_MEV, AVOGADRO_PER_MOL, CM2_MEV2, HBAR_C_MEV_FM
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import rapidity
from cevnsjax.flux.cosmic_rays import CosmicRays, cosmic_rays
from cevnsjax.flux.dark_source import AbstractDarkSource
from cevnsjax.flux.moments import energy_powers
from cevnsjax.particle import AbstractDarkMatter, AbstractElasticDarkMatter

_CM_PER_KPC = 3.0856775814913673e21  # International Astronomical Union 2015, with its astronomical unit
_MEV_PER_GEV = 1e3
_PANELS = 24
_HIGHEST_KINETIC_MEV = 1e5  # above, fluxes are 1e-16 of those at 1 MeV

# standard rock: Z = 11, A = 22; its radius is that of silicon
_ROCK_Z, _ROCK_A, _ROCK_RADIUS_FM = 11.0, 22.0, 3.1
_G_PER_CM2_OVER_M = 100.0  # of water
_TRANSPARENT, _SEEN_FROM_MEV = 0.1, 10.0


class BoostedDarkMatter(AbstractDarkSource):
    """Dark matter at rest in the Milky Way that cosmic-ray nuclei hit by exchange of V; one component for each species.

    dPhi/dT = D (rho/m) int dT_i dPhi_i/dT_i dsigma_i/dT with, for Q^2 = 2 m T, dsigma_i/dT = [(Z g_p + N g_n) G_i(Q^2)
    g_D]^2/(4 pi) 2 m (c_2 E_i^2 + c_1 E_i M/m + c_0 M^2/m^2)/[p_i^2 (Q^2 + m_V^2)^2]: coefficients are those of dark
    matter on a nucleus, which the same amplitude hits at rest. T. Bringmann and M. Pospelov, Phys. Rev. Lett. 122,
    171801 (2019); J. B. Dent et al., Phys. Rev. D 101, 116007 (2020). Their code, github.com/noctildon/CRiDM, lacks a
    factor of 2 in the first term of the vector cross section.

    D stands for the halo, rho along each line of sight over that here, and for cosmic rays that are everywhere as near
    the Sun: the largest uncertainty. Left out are cosmic rays below 0.04 GV, so dark matter that is slower than all
    others can make it (a rapidity of 0.09, if it is light); what breaks up nuclei or nucleons; electrons.

    Nothing is lost on the way through rock: :meth:`opacity` says how far that holds, and where given numbers make it
    wrong a warning does. In a scan couplings move on without one, so look at it where a region ends at strong coupling.

    Attributes
    ----------
    dark_matter
        The particle, of one state.
    exposure_s
        How long it is seen, s.
    effective_distance_kpc
        D, kpc: 0.997 for a profile of Navarro, Frenk and White and cosmic rays within 1 kpc.
    density_GeV_per_cm3
        rho near the Sun, GeV/cm^3.
    species
        Cosmic rays by name.
    overburden_m_w_e
        Rock above the detector, metres of water: of :meth:`opacity` alone.
    norm
        Ratio of the flux to its prediction (1 nominally).
    """

    components: tuple[str, ...] = eqx.field(static=True, init=False)
    dark_matter: AbstractDarkMatter
    exposure_s: Float[Array, ""] = eqx.field(converter=as_float)
    effective_distance_kpc: Float[Array, ""] = eqx.field(converter=as_float, default=0.997)
    density_GeV_per_cm3: Float[Array, ""] = eqx.field(converter=as_float, default=0.3)
    species: dict[str, CosmicRays] = eqx.field(
        default_factory=lambda: {name: cosmic_rays(name) for name in ("proton", "helium")}
    )
    overburden_m_w_e: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __post_init__(self):
        self.components = tuple(sorted(self.species))

    def __check_init__(self):
        if not isinstance(self.dark_matter, AbstractElasticDarkMatter):
            raise CevnsjaxError(
                "Cosmic rays boost dark matter of one state, which stays what it is, got "
                f"{type(self.dark_matter).__name__}."
            )
        if not self.species:
            raise CevnsjaxError("species must hold at least one, got none.")
        check_positive("exposure_s", self.exposure_s, "s")
        check_positive("effective_distance_kpc", self.effective_distance_kpc, "kpc")
        check_positive("density_GeV_per_cm3", self.density_GeV_per_cm3, "GeV/cm^3")
        check_not_negative("overburden_m_w_e", self.overburden_m_w_e, "m")
        check_positive("norm", self.norm, "")
        opacity = self.opacity(as_float([_SEEN_FROM_MEV]))
        if is_concrete(opacity) and float(opacity[0]) > _TRANSPARENT:
            warnings.warn(
                f"Dark matter of {_SEEN_FROM_MEV:g} MeV loses about {float(opacity[0]):.2g} of its energy in "
                f"{float(self.overburden_m_w_e):g} m of water equivalent, which is left out.",
                stacklevel=2,
            )

    @property
    def lowest_energy_MeV(self) -> Float[Array, ""]:
        return self.dark_matter.mass_MeV * jnp.cosh(self._edges[0])

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self.panel_ends_MeV[-1:]

    @property
    def panel_ends_MeV(self) -> Float[Array, " panel"]:
        return self.dark_matter.mass_MeV * jnp.cosh(self._edges[2::2])

    @property
    def roughness(self) -> float:
        return 1e-5  # kinks of the tables of cosmic rays

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        return self.norm * self.exposure_s * self._strength * self._particles(self._on_nodes())

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return jnp.zeros((0,)), jnp.zeros((len(self.components), 0))

    def flux(self, kinetic_energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        """Flux at kinetic energies in MeV, above zero, cm^-2 s^-1 MeV^-1."""
        flat = self._shape(kinetic_energy_MeV.reshape(-1)) * (self.norm * self._strength)[:, None]
        return flat.reshape(-1, *kinetic_energy_MeV.shape)

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        energy, low, high = energy_MeV.reshape(-1), self.lowest_energy_MeV, self.break_points_MeV[-1]
        inside = (energy >= low) & (energy <= high)
        kinetic = jnp.where(inside, energy, low) - self.dark_matter.mass_MeV
        per_MeV = jnp.where(inside[None], self._shape(kinetic), 0.0) / self._particles(self._on_nodes())[:, None]
        return per_MeV.reshape(-1, *energy_MeV.shape)

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        mass, edges = self.dark_matter.mass_MeV, self._edges
        lower = rapidity.rapidity_of(minimum_energy_MeV.reshape(-1), mass)
        at, on_nodes = rapidity.nodes(edges), self._on_nodes()
        values = on_nodes[:, None] * energy_powers(mass * jnp.cosh(at), mass)[None]
        summed = rapidity.integrals_above(edges, values.reshape(-1, *at.shape), lower)
        each = summed.reshape(len(self.components), 3, -1) / self._particles(on_nodes)[:, None, None]
        return each.reshape(*each.shape[:2], *minimum_energy_MeV.shape)

    def opacity(self, kinetic_energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Share of its kinetic energy that dark matter loses in the overburden, straight down, to nuclei that recoil.

        X (N_A/A) <T_N sigma>/T in standard rock, with <T_N sigma> = (charge g_D)^2/(4 pi) (E/p)^2 (1/(2 M)) [ln(1 + r)
        - r/(1 + r)], r = Q^2/m_V^2 of the largest Q^2: that of a head-on collision, or where the nucleus has no form
        factor any more, 3/R^2, if that is less. A measure: well below one nothing is lost, well above one nothing
        arrives.

        Parameters
        ----------
        kinetic_energy_MeV
            Above zero, MeV, any shape.
        """
        dark, mass = self.dark_matter, self.dark_matter.mass_MeV
        nucleus = _ROCK_A * ATOMIC_MASS_UNIT_MEV
        momentum2 = kinetic_energy_MeV * (kinetic_energy_MeV + 2.0 * mass)
        energy = kinetic_energy_MeV + mass
        head_on = 4.0 * nucleus**2 * momentum2 / (nucleus**2 + mass**2 + 2.0 * nucleus * energy)
        ratio = jnp.minimum(head_on, 3.0 * (HBAR_C_MEV_FM / _ROCK_RADIUS_FM) ** 2) / dark.mediator_mass_MeV**2
        charge = _ROCK_Z * dark.couplings.proton + (_ROCK_A - _ROCK_Z) * dark.couplings.neutron
        per_cm2 = (_G_PER_CM2_OVER_M * AVOGADRO_PER_MOL / _ROCK_A * CM2_MEV2) * self.overburden_m_w_e
        lost = (charge * dark.couplings.dark) ** 2 / (8.0 * math.pi * nucleus) * energy**2 / momentum2
        return per_cm2 * lost * (jnp.log1p(ratio) - ratio / (1.0 + ratio)) / kinetic_energy_MeV

    @property
    def _species(self) -> list[CosmicRays]:
        return [self.species[name] for name in self.components]

    @property
    def _strength(self) -> Float[Array, " component"]:
        """Squared couplings of V to the nuclei, times that to dark matter."""
        to = self.dark_matter.couplings
        charges = jnp.stack(
            [each.proton_number * to.proton + each.neutron_number * to.neutron for each in self._species]
        )
        return (charges * to.dark) ** 2

    @property
    def _edges(self) -> Float[Array, " edge"]:
        """Rapidities: from where the slowest nuclei of all species make dark matter, in equal panels."""
        mass = self.dark_matter.mass_MeV
        starts = [each.largest_rapidity(mass, each.momenta_MeV[0]) for each in self._species]
        start = jnp.max(jnp.stack(starts))
        end = rapidity.rapidity_of(mass + _HIGHEST_KINETIC_MEV, mass)
        return start + (end - start) * jnp.linspace(0.0, 1.0, _PANELS + 1)

    def _on_nodes(self) -> Float[Array, "component panel node"]:
        """Flux per unit of rapidity, for couplings of one."""
        mass, at = self.dark_matter.mass_MeV, rapidity.nodes(self._edges)
        kinetic = (2.0 * mass * jnp.sinh(0.5 * at) ** 2).reshape(-1)
        return self._shape(kinetic).reshape(-1, *at.shape) * (mass * jnp.sinh(at))[None]

    def _particles(self, on_nodes: Float[Array, "component panel node"]) -> Float[Array, " component"]:
        """Particles cm^-2 s^-1 of each component for couplings of one."""
        return rapidity.integrals_above(self._edges, on_nodes, self._edges[:1])[:, 0]

    def _shape(self, kinetic_MeV: Float[Array, " point"]) -> Float[Array, "component point"]:
        """Flux for couplings of one, cm^-2 s^-1 MeV^-1."""
        dark, mass = self.dark_matter, self.dark_matter.mass_MeV
        q2 = 2.0 * mass * kinetic_MeV
        # of dark matter at rest, through all of D, in MeV^3 over a cross section in MeV^-2
        column = (_CM_PER_KPC * CM2_MEV2 * _MEV_PER_GEV / (2.0 * math.pi)) * (
            self.effective_distance_kpc * self.density_GeV_per_cm3
        )
        fluxes = []
        for each in self._species:
            ratio = each.mass_MeV / mass
            coefficients = dark.recoil_coefficients(0.5 * q2 / each.mass_MeV, each.mass_MeV, each.spin_half)
            scaled = coefficients * jnp.stack([jnp.ones_like(ratio), ratio, ratio**2])[:, None]
            # the smallest momentum that makes it, of the nucleus
            smallest = jnp.sqrt(kinetic_MeV + 2.0 * mass) + jnp.sqrt(kinetic_MeV + 2.0 * each.mass_MeV * ratio)
            moments = each.moments(0.5 * jnp.sqrt(kinetic_MeV) * smallest)
            per_pole = each.form_factor(q2) / (q2 + dark.mediator_mass_MeV**2)
            fluxes.append(column * (scaled * moments).sum(axis=0) * per_pole**2)
        return jnp.stack(fluxes)
