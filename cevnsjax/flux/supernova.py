"""Neutrinos from a supernova in the Galaxy."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative, check_positive, is_concrete
from cevnsjax.constants import ELEMENTARY_CHARGE_C
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.flux import AbstractFlux
from cevnsjax.flux.smooth import smooth_moments

SIX_COMPONENTS = ("nu_e", "nu_e_bar", "nu_mu", "nu_mu_bar", "nu_tau", "nu_tau_bar")

MEV_PER_1E52_ERG = 1e52 / (ELEMENTARY_CHARGE_C * 1e13)
CM_PER_KPC = 3.0856775814913673e21  # IAU 2015

_SPECIES = (0, 1, 2, 2, 2, 2)
_PER_CM2 = MEV_PER_1E52_ERG / (4.0 * math.pi * CM_PER_KPC**2)
_END = 45.0  # (alpha + 1) E/<E> at the end point: exp(-45) is negligible
_BREAKS = (0.06, 0.15, 0.35, 1.0)


def six_components(species: Float[Array, "species *shape"]) -> Float[Array, "component *shape"]:
    """Give each of ``SIX_COMPONENTS`` its species: nu_e, nu_e_bar, or all others."""
    return jnp.stack([species[index] for index in _SPECIES])


class PinchedSpectrum(eqx.Module):
    """Time-integrated spectrum of one species: E^alpha exp[-(alpha + 1) E/<E>].

    M. T. Keil, G. G. Raffelt and H.-T. Janka, Astrophys. J. 590, 971 (2003); I. Tamborra et al., Phys. Rev. D 86,
    125031 (2012).

    Attributes
    ----------
    mean_energy_MeV
        <E>, MeV.
    pinching
        alpha; it must be larger than 1, where the moment of E^-2 is finite.
    total_energy_1e52_erg
        Energy that leaves in this species (one flavour, neutrinos or antineutrinos), 10^52 erg; zero where there is
        none.
    """

    mean_energy_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    pinching: Float[Array, ""] = eqx.field(converter=as_float)
    total_energy_1e52_erg: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("mean_energy_MeV", self.mean_energy_MeV, "MeV")
        check_not_negative("total_energy_1e52_erg", self.total_energy_1e52_erg, "10^52 erg")
        if is_concrete(self.pinching) and not self.pinching > 1.0:
            raise CevnsjaxError(f"pinching must be larger than 1, got {self.pinching}.")

    @property
    def end_MeV(self) -> Float[Array, "..."]:
        """Where the spectrum has become negligible, MeV."""
        return _END * self.mean_energy_MeV / (self.pinching + 1.0)

    @property
    def neutrinos_at_1_kpc_per_cm2(self) -> Float[Array, "..."]:
        """Fluence at a distance of 1 kpc, cm^-2."""
        return _PER_CM2 * self.total_energy_1e52_erg / self.mean_energy_MeV

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Spectrum of unit area at energies in MeV, MeV^-1."""
        shape = self.pinching + 1.0
        positive = energy_MeV > 0.0
        x = shape * jnp.where(positive, energy_MeV, 1.0) / self.mean_energy_MeV
        logarithm = self.pinching * jnp.log(x) - x - gammaln(shape)
        return jnp.where(positive, shape / self.mean_energy_MeV * jnp.exp(logarithm), 0.0)


class SupernovaBurst(AbstractFlux):
    """The neutrinos of one core collapse, over its whole duration, as they were emitted.

    `SupernovaConversion` makes of them what arrives; an interaction that does not tell flavours apart does not see it.

    Attributes
    ----------
    electron, electron_bar, other
        Spectra of nu_e, of nu_e_bar, and of each of the four others.
    distance_kpc
        Distance, kpc.
    norm
        Ratio of the fluence to its nominal value (1 nominally).
    """

    components: tuple[str, ...] = eqx.field(static=True, default=SIX_COMPONENTS, init=False)
    electron: PinchedSpectrum
    electron_bar: PinchedSpectrum
    other: PinchedSpectrum
    distance_kpc: Float[Array, ""] = eqx.field(converter=as_float)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_positive("distance_kpc", self.distance_kpc, "kpc")
        check_positive("norm", self.norm, "")

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self._end_MeV * as_float(_BREAKS)

    @property
    def _species(self) -> PinchedSpectrum:
        """The three spectra as one, with an axis in front."""
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), self.electron, self.electron_bar, self.other)

    @property
    def _end_MeV(self) -> Scalar:
        return jnp.max(self._species.end_MeV)

    def _densities(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "species *point"]:
        return jax.vmap(lambda spectrum: spectrum.density(energy_MeV))(self._species)

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        return self.norm * six_components(self._species.neutrinos_at_1_kpc_per_cm2) / self.distance_kpc**2

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return jnp.zeros((0,)), jnp.zeros((len(self.components), 0))

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        inside = energy_MeV <= self._end_MeV
        return six_components(jnp.where(inside[None], self._densities(energy_MeV), 0.0))

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        return six_components(smooth_moments(self._densities, self._end_MeV, minimum_energy_MeV))
