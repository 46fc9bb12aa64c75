"""The diffuse background of neutrinos from all past core collapses."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive, is_concrete
from cevnsjax.constants import SPEED_OF_LIGHT_KM_S
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.flux import AbstractFlux
from cevnsjax.flux.moments import POWERS
from cevnsjax.flux.smooth import smooth_moments
from cevnsjax.flux.supernova import CM_PER_KPC, MEV_PER_1E52_ERG, SIX_COMPONENTS, six_components
from cevnsjax.spectrum import gauss_legendre_panels

_SECONDS_PER_YEAR = 3.15576e7  # Julian year
# (c/1 km s^-1 Mpc^-1) 1e52 erg/MeV per year and Mpc^3, in cm^-2 s^-1
_PER_CM2_S = SPEED_OF_LIGHT_KM_S * MEV_PER_1E52_ERG / (_SECONDS_PER_YEAR * (1e3 * CM_PER_KPC) ** 2)
_FERMI_DIRAC = 120.0 / (7.0 * math.pi**4)  # one over the integral of x^3/(exp(x) + 1)
_END = 40.0  # E/T at the end point
_BREAKS = (0.06, 0.15, 0.35, 1.0)
_ORDER = 16  # nodes in ln(1 + z) between breaks


class CoreCollapseHistory(eqx.Module):
    """Rate of core collapses per comoving volume, a smoothly broken power law of 1 + z.

    R(z) = R_0 [(1+z)^(a s) + ((1+z)/B)^(b s) + ((1+z)/C)^(c s)]^(1/s) with B and C such that the slope is a up to
    z_1, b up to z_2 and c beyond: H. Yueksel et al., Astrophys. J. 683, L5 (2008); S. Horiuchi, J. F. Beacom and
    E. Dwek, Phys. Rev. D 79, 083013 (2009), whose fiducial values are the defaults (recalled, not checked against the
    paper).

    Attributes
    ----------
    local_rate_per_year_Mpc3
        R_0, yr^-1 Mpc^-3.
    early_slope, middle_slope, late_slope
        a, b and c, in the order of increasing z.
    first_break, second_break, end
        Redshifts z_1 < z_2, and the largest one that counts.
    sharpness
        s, negative.
    """

    local_rate_per_year_Mpc3: Float[Array, ""] = eqx.field(converter=as_float, default=1.25e-4)
    early_slope: Float[Array, ""] = eqx.field(converter=as_float, default=3.4)
    middle_slope: Float[Array, ""] = eqx.field(converter=as_float, default=-0.3)
    late_slope: Float[Array, ""] = eqx.field(converter=as_float, default=-3.5)
    first_break: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    second_break: Float[Array, ""] = eqx.field(converter=as_float, default=4.0)
    end: Float[Array, ""] = eqx.field(converter=as_float, default=5.0)
    sharpness: Float[Array, ""] = eqx.field(converter=as_float, default=-10.0)

    def __check_init__(self):
        check_positive("local_rate_per_year_Mpc3", self.local_rate_per_year_Mpc3, "yr^-1 Mpc^-3")
        redshifts = (self.first_break, self.second_break, self.end)
        if all(map(is_concrete, redshifts)) and not 0.0 < redshifts[0] < redshifts[1] < redshifts[2]:
            raise CevnsjaxError(f"first_break, second_break and end must increase from 0, got {redshifts}.")
        if is_concrete(self.sharpness) and not self.sharpness < 0.0:
            raise CevnsjaxError(f"sharpness must be negative, got {self.sharpness}.")

    def nodes(self) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
        """Nodes in ln(1 + z) and their weights."""
        breaks = jnp.stack([self.first_break, self.second_break, self.end])
        return gauss_legendre_panels(jnp.log1p(jnp.concatenate([jnp.zeros((1,)), breaks])), (_ORDER,) * 3)

    def rate_per_year_Mpc3(self, log_stretch: Float[Array, " node"]) -> Float[Array, " node"]:
        """R at values of ln(1 + z), yr^-1 Mpc^-3."""
        first = (self.early_slope - self.middle_slope) * jnp.log1p(self.first_break)
        second = first + (self.middle_slope - self.late_slope) * jnp.log1p(self.second_break)
        slopes = jnp.stack([self.early_slope, self.middle_slope, self.late_slope])
        logarithms = slopes[:, None] * log_stretch[None, :] + jnp.stack([jnp.zeros_like(first), first, second])[:, None]
        total = jax.nn.logsumexp(self.sharpness * logarithms, axis=0) / self.sharpness
        return self.local_rate_per_year_Mpc3 * jnp.exp(total)


class DiffuseSupernovae(AbstractFlux):
    """The diffuse supernova neutrino background.

    dPhi/dE = integral of c/H(z) R(z) phi(E (1+z)) dz, where phi is what one collapse emits: a Fermi-Dirac spectrum
    without chemical potential, E^2/[exp(E/T) + 1], that holds the energy given; J. F. Beacom, Annu. Rev. Nucl. Part.
    Sci. 60, 439 (2010). H(z) = H_0 sqrt[Omega_m (1+z)^3 + 1 - Omega_m]. As emitted: `SupernovaConversion` makes of it
    what arrives.

    With the defaults the flux is 91 cm^-2 s^-1; D. Baxter et al., arXiv:2105.00599, recommend 86 +- 50 % (recalled, not
    checked against the paper), which is ``norm`` = 86/``total_per_cm2_s``.

    Attributes
    ----------
    exposure_s
        How long it is seen, s.
    history
        Rate of core collapses.
    electron_temperature_MeV, electron_bar_temperature_MeV, other_temperature_MeV
        Temperatures of nu_e, of nu_e_bar, and of each of the four others, MeV.
    energy_1e52_erg
        Energy that leaves a collapse in each of the six components, 10^52 erg.
    hubble_constant_km_s_Mpc, matter_density
        H_0 (km s^-1 Mpc^-1) and Omega_m.
    norm
        Ratio of the flux to its nominal value (1 nominally).
    """

    components: tuple[str, ...] = eqx.field(static=True, default=SIX_COMPONENTS, init=False)
    exposure_s: Float[Array, ""] = eqx.field(converter=as_float)
    history: CoreCollapseHistory = eqx.field(default_factory=CoreCollapseHistory)
    electron_temperature_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=3.0)
    electron_bar_temperature_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=5.0)
    other_temperature_MeV: Float[Array, ""] = eqx.field(converter=as_float, default=8.0)
    energy_1e52_erg: Float[Array, ""] = eqx.field(converter=as_float, default=5.0)
    hubble_constant_km_s_Mpc: Float[Array, ""] = eqx.field(converter=as_float, default=70.0)
    matter_density: Float[Array, ""] = eqx.field(converter=as_float, default=0.3)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        for name, unit in {
            "exposure_s": "s",
            "electron_temperature_MeV": "MeV",
            "electron_bar_temperature_MeV": "MeV",
            "other_temperature_MeV": "MeV",
            "energy_1e52_erg": "10^52 erg",
            "hubble_constant_km_s_Mpc": "km s^-1 Mpc^-1",
            "norm": "",
        }.items():
            check_positive(name, getattr(self, name), unit)
        if is_concrete(self.matter_density) and not 0.0 <= self.matter_density <= 1.0:
            raise CevnsjaxError(f"matter_density must be between 0 and 1, got {self.matter_density}.")

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self._end_MeV * as_float(_BREAKS)

    @property
    def total_per_cm2_s(self) -> Scalar:
        """Flux of all components together, cm^-2 s^-1."""
        return self.norm * six_components(self._totals()).sum()

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        return self.norm * self.exposure_s * six_components(self._totals())

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return jnp.zeros((0,)), jnp.zeros((len(self.components), 0))

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        flat = energy_MeV.reshape(-1)
        density = self._flux(flat) / self._totals()[:, None]
        density = jnp.where((flat <= self._end_MeV)[None], density, 0.0)
        return six_components(density).reshape(-1, *energy_MeV.shape)

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        lower = jnp.concatenate([jnp.zeros((1,)), minimum_energy_MeV.reshape(-1)])
        moments = smooth_moments(self._flux, self._end_MeV, lower)
        moments = moments[..., 1:] / moments[:, POWERS.index(0), :1][..., None]
        return six_components(moments).reshape(-1, len(POWERS), *minimum_energy_MeV.shape)

    @property
    def _temperatures_MeV(self) -> Float[Array, " species"]:
        return jnp.stack([self.electron_temperature_MeV, self.electron_bar_temperature_MeV, self.other_temperature_MeV])

    @property
    def _end_MeV(self) -> Scalar:
        return _END * jnp.max(self._temperatures_MeV)

    def _totals(self) -> Float[Array, " species"]:
        """Flux of one component of each species, cm^-2 s^-1."""
        return smooth_moments(self._flux, self._end_MeV, jnp.zeros((1,)))[:, POWERS.index(0), 0]

    def _flux(self, energy_MeV: Float[Array, " point"]) -> Float[Array, "species point"]:
        """Flux of one component of each species, cm^-2 s^-1 MeV^-1."""
        log_stretch, weight = self.history.nodes()
        stretch = jnp.exp(log_stretch)
        expansion = jnp.sqrt(self.matter_density * stretch**3 + 1.0 - self.matter_density)
        # dz = (1 + z) d ln(1 + z)
        weight = weight * stretch * self.history.rate_per_year_Mpc3(log_stretch) / expansion
        scale = _PER_CM2_S / self.hubble_constant_km_s_Mpc * self.energy_1e52_erg * _FERMI_DIRAC
        temperature = self._temperatures_MeV
        x = energy_MeV[None, :, None] * stretch[None, None, :] / temperature[:, None, None]
        emitted = x**2 * jnp.exp(-x) / (1.0 + jnp.exp(-x))
        return (scale / temperature**2)[:, None] * jnp.einsum("spz,z->sp", emitted, weight)
