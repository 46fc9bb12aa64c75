"""Flavours of supernova neutrinos on arrival: adiabatic conversion in the envelope of the star."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_fraction
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux.flavour_conversion import AbstractFlavourConversion
from cevnsjax.flux.flux import AbstractFlux, parse_neutrino
from cevnsjax.flux.mixing import mixing_squares

# mass state that leaves the star where a nu_e and a nu_e_bar were emitted
_ELECTRON_STATE = {"normal": (2, 0), "inverted": (1, 2)}


class SupernovaConversion(AbstractFlavourConversion):
    """Any flux of supernova neutrinos, converted (MSW) on the way out, then mass states without coherence.

    Both resonances are adiabatic, as they are at the measured theta_13 without a shock: what was emitted as nu_e leaves
    as nu_3 in normal and nu_2 in inverted ordering, nu_e_bar as anti-nu_1 and anti-nu_3, and the other flavours, taken
    as alike, as the two other states. A. S. Dighe and A. Yu. Smirnov, Phys. Rev. D 62, 033007 (2000): with the fluxes
    F^0 as emitted

        F_e = p F_e^0 + (1 - p) F_x^0,   F_mu + F_tau = (1 - p) F_e^0 + (1 + p) F_x^0,
        normal ordering:    p = |U_e3|^2,  pbar = |U_e1|^2 = cos^2 theta_12 cos^2 theta_13,
        inverted ordering:  p = |U_e2|^2 = sin^2 theta_12 cos^2 theta_13,  pbar = |U_e3|^2 = sin^2 theta_13.

    A nu_e arrives as flavour b with |U_bi|^2 of its mass state, each of nu_mu and nu_tau with half of what is missing
    to one; the AdiabaticMSW of snewpy does the same. Left out: neutrino self-interaction, shocks, the Earth.

    Default values are those of NuFIT 6.0 (arXiv:2410.05380), normal ordering, recalled, not checked against the paper.

    Attributes
    ----------
    components
        Names like ``nu_e_bar_to_nu_mu_bar``: for each component of the source its three final flavours.
    source
        The flux as emitted.
    ordering
        Of the neutrino masses, ``"normal"`` or ``"inverted"``.
    theta12_sin2, theta13_sin2, theta23_sin2
        sin^2 of the mixing angles.
    cp_phase_rad
        The CP phase, rad; like theta_23 it shares out nu_mu and nu_tau only.
    """

    components: tuple[str, ...] = eqx.field(static=True, init=False)
    source: AbstractFlux
    ordering: str = eqx.field(static=True)
    theta12_sin2: Float[Array, ""] = eqx.field(converter=as_float, default=0.307)
    theta13_sin2: Float[Array, ""] = eqx.field(converter=as_float, default=0.02195)
    theta23_sin2: Float[Array, ""] = eqx.field(converter=as_float, default=0.561)
    cp_phase_rad: Float[Array, ""] = eqx.field(converter=as_float, default=3.089)

    def __check_init__(self):
        if self.ordering not in _ELECTRON_STATE:
            raise UnknownNameError("ordering of neutrino masses", self.ordering, _ELECTRON_STATE)
        for name in ("theta12_sin2", "theta13_sin2", "theta23_sin2"):
            check_fraction(name, getattr(self, name))
        if self.source.components != self.source.origins or any("_to_" in name for name in self.source.components):
            raise CevnsjaxError("source must be a flux as emitted, got one that has changed its flavours already.")
        for end in ("", "_bar"):
            if (f"nu_mu{end}" in self.source.components) != (f"nu_tau{end}" in self.source.components):
                raise CevnsjaxError(
                    f"source must have both of nu_mu{end} and nu_tau{end}, which leave a supernova alike, or neither, "
                    f"got {self.source.components}."
                )

    @property
    def knots_MeV(self) -> Float[Array, " knot"] | None:
        return self.source.knots_MeV

    @property
    def jumps(self) -> bool:
        return self.source.jumps

    def probabilities(self) -> Float[Array, " component"]:
        """Probability that a neutrino of the origin of each component arrives as it."""
        squares = mixing_squares(self.theta12_sin2, self.theta13_sin2, self.theta23_sin2, self.cp_phase_rad)

        def of(name: str) -> Float[Array, " flavour"]:
            flavour, anti = parse_neutrino(name)
            arriving = squares[:, _ELECTRON_STATE[self.ordering][anti]]
            return arriving if flavour == 0 else 0.5 * (1.0 - arriving)

        return jnp.concatenate([of(name) for name in self.source.components])

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        return self._for_each_flavour(self.source.fluence_per_cm2) * self.probabilities()

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        energy, fraction = self.source.lines
        return energy, self._for_each_flavour(fraction)

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        return self._for_each_flavour(self.source.density(energy_MeV))

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        return self._for_each_flavour(self.source.moments(minimum_energy_MeV))
