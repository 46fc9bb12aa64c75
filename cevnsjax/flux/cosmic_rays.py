"""Cosmic rays near the Sun: intensities by rigidity, and what their collisions with slow particles need of them."""

import math

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_knots, check_positive, gauss_legendre
from cevnsjax.constants import ATOMIC_MASS_UNIT_MEV, ELECTRON_MASS_MEV, PROTON_MASS_MEV
from cevnsjax.errors import UnknownNameError
from cevnsjax.flux.moments import summed_from_above
from cevnsjax.tables import read_table

_MEV_PER_GV = 1e3
_PER_CM2_OVER_M2 = 1e-4
_ORDER = 6  # of what is linear times E^k/p^2, between knots 7 % apart: rounding
_HELIUM_MASS_MEV = 4.002603254 * ATOMIC_MASS_UNIT_MEV - 2.0 * ELECTRON_MASS_MEV


class CosmicRays(eqx.Module):
    """Nuclei of one element among cosmic rays, the same from all directions.

    Their coupling to a vector boson is (Z g_p + N g_n) (1 + Q^2/Lambda^2)^-2, with one dipole for charge and mass: T.
    Bringmann and M. Pospelov, Phys. Rev. Lett. 122, 171801 (2019). Of the proton that leaves its magnetic moment out,
    and no nucleus breaks up: what is made above Q of some Lambda is a lower bound.

    Attributes
    ----------
    rigidity_GV
        Knots in p c/(Z e), GV, increasing, shape ``[knot]``.
    intensity_per_m2_s_sr_GV
        Intensities on the knots, linear between them and zero outside, shape ``[knot]``.
    mass_MeV
        Mass M of the nucleus, MeV.
    dipole_mass_MeV
        Lambda, MeV.
    proton_number, neutron_number
        Z and N.
    spin_half
        Whether it is a Dirac particle, as a proton, or has no spin.
    """

    rigidity_GV: Float[Array, " knot"] = eqx.field(converter=as_float)
    intensity_per_m2_s_sr_GV: Float[Array, " knot"] = eqx.field(converter=as_float)
    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    dipole_mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    proton_number: int = eqx.field(static=True)
    neutron_number: int = eqx.field(static=True)
    spin_half: bool = eqx.field(static=True)

    def __check_init__(self):
        check_knots("rigidity_GV", self.rigidity_GV, "GV", "intensity_per_m2_s_sr_GV", self.intensity_per_m2_s_sr_GV)
        check_positive("mass_MeV", self.mass_MeV, "MeV")
        check_positive("dipole_mass_MeV", self.dipole_mass_MeV, "MeV")

    @property
    def momenta_MeV(self) -> Float[Array, " knot"]:
        """Momenta of the knots, MeV."""
        return (_MEV_PER_GV * self.proton_number) * self.rigidity_GV

    def flux(self, kinetic_energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Flux from all directions at kinetic energies in MeV, cm^-2 s^-1 MeV^-1."""
        flat = kinetic_energy_MeV.reshape(-1)
        momentum = jnp.sqrt(flat * (flat + 2.0 * self.mass_MeV))
        per_momentum = jnp.interp(momentum, self.momenta_MeV, self._per_momentum, left=0.0, right=0.0)
        return (per_momentum * (flat + self.mass_MeV) / momentum).reshape(kinetic_energy_MeV.shape)

    def moments(self, smallest_momentum_MeV: Float[Array, " point"]) -> Float[Array, "power point"]:
        """Integrals of the flux times E^k/p^2, k = 2, 1, 0, above momenta in MeV: cm^-2 s^-1 MeV^(k - 2)."""
        knots, values = self.momenta_MeV, self._per_momentum
        start = jnp.clip(smallest_momentum_MeV, knots[0], knots[-1])
        interval = jnp.clip(jnp.searchsorted(knots, start, side="right") - 1, 0, knots.shape[0] - 2)
        abscissae, weights = map(as_float, gauss_legendre(_ORDER))
        place = 0.5 * (1.0 + abscissae)

        def integrals(low, high, first, last) -> Float[Array, "power interval"]:
            width = (high - low)[:, None]
            squared = (low[:, None] + width * place[None]) ** 2
            strength = (
                (first[:, None] + (last - first)[:, None] * place[None]) * (0.5 * width * weights[None]) / squared
            )
            energy2 = squared + self.mass_MeV**2
            return jnp.stack([(strength * each).sum(axis=-1) for each in (energy2, jnp.sqrt(energy2), 1.0)])

        whole = integrals(knots[:-1], knots[1:], values[:-1], values[1:])
        end = knots[interval + 1]
        slope = (values[interval + 1] - values[interval]) / (end - knots[interval])
        at_start = values[interval] + slope * (start - knots[interval])
        return summed_from_above(whole, integrals(start, end, at_start, values[interval + 1]), interval)

    def form_factor(self, q2_MeV2: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """(1 + Q^2/Lambda^2)^-2, at Q^2 in MeV^2."""
        return (1.0 + q2_MeV2 / self.dipole_mass_MeV**2) ** -2

    def largest_rapidity(self, mass_MeV: Scalar, momentum_MeV: Scalar) -> Scalar:
        """Rapidity of a particle of a mass at rest that is hit head on with a momentum, MeV: twice that of the frame.

        Parameters
        ----------
        mass_MeV
            Mass of what is hit, MeV.
        momentum_MeV
            Of the nucleus, MeV.
        """
        energy = jnp.sqrt(momentum_MeV**2 + self.mass_MeV**2)
        return 2.0 * jnp.arctanh(momentum_MeV / (energy + mass_MeV))

    @property
    def _per_momentum(self) -> Float[Array, " knot"]:
        """Fluxes from all directions on the knots, cm^-2 s^-1 MeV^-1."""
        return (4.0 * math.pi * _PER_CM2_OVER_M2 / _MEV_PER_GV / self.proton_number) * self.intensity_per_m2_s_sr_GV


_SPECIES = {
    # mass, dipole, Z, N, whether it has spin 1/2
    "proton": (PROTON_MASS_MEV, 770.0, 1, 0, True),
    "helium": (_HELIUM_MASS_MEV, 410.0, 2, 2, False),
}


def cosmic_rays(name: str) -> CosmicRays:
    """Return the local interstellar spectrum of ``"proton"`` or ``"helium"``, 0.04 to 1e5 GV.

    HelMod with GALPROP, M. J. Boschini et al., Astrophys. J. 840, 115 (2017) and later releases; 3.641 protons cm^-2
    s^-1 GeV^-1 at 1 GeV. Dipoles of 0.77 and 0.41 GeV are those of T. Bringmann and M. Pospelov; all helium is He4.

    Raises
    ------
    UnknownNameError
        If there is no table of this name.
    """
    if name not in _SPECIES:
        raise UnknownNameError("species of cosmic rays", name, tuple(_SPECIES))
    table = read_table(f"cosmic_rays/{name}.csv", columns=("rigidity_GV", "intensity_per_m2_s_sr_GV"))
    return CosmicRays(table["rigidity_GV"], table["intensity_per_m2_s_sr_GV"], *_SPECIES[name])
