"""WIMPs of the Milky Way's halo: speeds in the standard halo model, and what arrives at a detector."""

import math
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive
from cevnsjax.constants import SPEED_OF_LIGHT_KM_S
from cevnsjax.flux.flux import AbstractSource
from cevnsjax.flux.moments import POWERS
from cevnsjax.particle import Wimp
from cevnsjax.spectrum import gauss_legendre_panels

_CM_PER_KM = 1e5
_MEV_PER_GEV = 1e3
_ORDER = 48  # of the mean speed, between the ends of the closed form: rounding


class StandardHalo(eqx.Module):
    """Speeds in the standard halo model: a Maxwell distribution that ends at the escape speed, seen from the Earth.

    f(v) = exp(-(v + v_E)^2/v_0^2)/(pi^(3/2) v_0^3 N) for abs(v + v_E) < v_esc, with N = erf(z) - (2/sqrt(pi)) z
    exp(-z^2), z = v_esc/v_0: J. D. Lewin and P. F. Smith, Astropart. Phys. 6, 87 (1996). The motion of the Earth around
    the Sun is averaged over only as far as one mean speed does.

    The defaults are those of C. A. J. O'Hare, Phys. Rev. Lett. 127, 251802 (2021), as its public code has them: a
    dispersion of 167 km/s, which is v_0/sqrt(2), v_esc = 533 km/s and v_E = 245.6 km/s.

    Attributes
    ----------
    most_probable_speed_km_s
        v_0, in the frame of the Galaxy, km/s.
    escape_speed_km_s
        v_esc, in the same frame, km/s.
    earth_speed_km_s
        v_E, of the Earth through the halo, km/s; not zero.
    """

    most_probable_speed_km_s: Float[Array, ""] = eqx.field(converter=as_float, default=167.0 * math.sqrt(2.0))
    escape_speed_km_s: Float[Array, ""] = eqx.field(converter=as_float, default=533.0)
    earth_speed_km_s: Float[Array, ""] = eqx.field(converter=as_float, default=245.6)

    def __check_init__(self):
        for name in self.__dataclass_fields__:
            check_positive(name, getattr(self, name), "km/s")

    @property
    def kinks_km_s(self) -> Float[Array, " kink"]:
        """Speeds at which the mean inverse speed is not smooth, km/s: abs(v_esc - v_E), and v_esc + v_E at its end."""
        inner = jnp.abs(self.escape_speed_km_s - self.earth_speed_km_s)
        return jnp.stack([inner, self.escape_speed_km_s + self.earth_speed_km_s])

    def mean_inverse_speed_s_per_km(self, smallest_speed_km_s: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Integral of f(v)/v over speeds from a smallest one up, s/km.

        [G(b) - G(a)]/(2 v_E N) with G(t) = erf(t) - (2/sqrt(pi)) t exp(-z^2), where a and b are x - y and x + y (x and
        y the smallest speed and v_E, over v_0) but not beyond -z and z. That is all cases of Lewin and Smith in one:
        G' vanishes at -z and z, so it is smooth where these meet.

        Parameters
        ----------
        smallest_speed_km_s
            Smallest speed that counts, in the frame of the Earth, km/s, any shape.
        """
        scale = self.most_probable_speed_km_s
        x, y, z = smallest_speed_km_s / scale, self.earth_speed_km_s / scale, self.escape_speed_km_s / scale

        def integral(end: Float[Array, "*point"]) -> Float[Array, "*point"]:
            return jax.scipy.special.erf(end) - (2.0 / math.sqrt(math.pi)) * end * jnp.exp(-(z**2))

        above = integral(jnp.clip(x + y, -z, z)) - integral(jnp.clip(x - y, -z, z))
        return above / (2.0 * self.earth_speed_km_s * integral(z))

    @property
    def mean_speed_km_s(self) -> Scalar:
        """Mean speed in the frame of the Earth, km/s: twice the integral of v times the mean inverse speed above v."""
        edges = jnp.concatenate([jnp.zeros((1,)), self.kinks_km_s])
        speed, weight = gauss_legendre_panels(edges, (_ORDER,) * 2)
        return 2.0 * (weight * speed * self.mean_inverse_speed_s_per_km(speed)).sum()

    def density_s_per_km(self, speed_km_s: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Distribution of speeds in the frame of the Earth, s/km: integrates to one."""

        def at(speed: Scalar) -> Scalar:
            return -speed * jax.grad(self.mean_inverse_speed_s_per_km)(speed)

        return jax.vmap(at)(speed_km_s.reshape(-1)).reshape(speed_km_s.shape)


class HaloWimps(AbstractSource):
    """WIMPs of the halo at a detector, one component.

    Speeds are small: the energy is the mass and m v^2/2, to 1e-6 of either. A spectrum of recoils needs the moment of
    E^2/p^2 = (c/v)^2 alone, which is the mean inverse speed; float32 knows no energies next to a mass, so what detects
    WIMPs asks `halo` for it by speed.

    Attributes
    ----------
    wimp
        The particle: all that detects it takes its mass and its couplings from here.
    exposure_s
        How long it is seen, s.
    density_GeV_per_cm3
        Mass density of WIMPs around the Sun, GeV/cm^3.
    halo
        Their speeds.
    norm
        Ratio of the flux to its nominal value (1 nominally).
    """

    particles: ClassVar[str] = "WIMPs"
    components: tuple[str, ...] = eqx.field(static=True, default=("wimp",), init=False)
    wimp: Wimp
    exposure_s: Float[Array, ""] = eqx.field(converter=as_float)
    density_GeV_per_cm3: Float[Array, ""] = eqx.field(converter=as_float, default=0.3)
    halo: StandardHalo = eqx.field(default_factory=StandardHalo)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_positive("exposure_s", self.exposure_s, "s")
        check_positive("density_GeV_per_cm3", self.density_GeV_per_cm3, "GeV/cm^3")
        check_positive("norm", self.norm, "")

    @property
    def mass_MeV(self) -> Scalar:
        return self.wimp.mass_MeV

    @property
    def lowest_energy_MeV(self) -> Float[Array, ""]:
        return self.wimp.mass_MeV

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self.wimp.mass_MeV * (1.0 + 0.5 * (self.halo.kinks_km_s / SPEED_OF_LIGHT_KM_S) ** 2)

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        per_cm3 = self.norm * self.density_GeV_per_cm3 * (_MEV_PER_GEV / self.wimp.mass_MeV)
        return (per_cm3 * self.halo.mean_speed_km_s * _CM_PER_KM * self.exposure_s)[None]

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return jnp.zeros((0,)), jnp.zeros((1, 0))

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        speed = self._speed_km_s(energy_MeV)
        moves = speed > 0.0
        # v f(v) dv, dE = m v dv/c^2
        per_speed = jnp.where(moves, self.halo.density_s_per_km(jnp.where(moves, speed, 1.0)), 0.0)
        return (per_speed * (SPEED_OF_LIGHT_KM_S**2 / self.wimp.mass_MeV) / self.halo.mean_speed_km_s)[None]

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        inverse = self.inverse_speed_squared(self._speed_km_s(minimum_energy_MeV))
        return jnp.stack([inverse * self.wimp.mass_MeV**power for power in POWERS])[None]

    def inverse_speed_squared(self, smallest_speed_km_s: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Mean of (c/v)^2 over the particles that arrive, those above a smallest speed in km/s alone."""
        halo = self.halo
        scale = SPEED_OF_LIGHT_KM_S**2 / halo.mean_speed_km_s
        return scale * halo.mean_inverse_speed_s_per_km(smallest_speed_km_s)

    def _speed_km_s(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        squared = 2.0 * (energy_MeV / self.wimp.mass_MeV - 1.0)
        moves = squared > 0.0
        return jnp.where(moves, SPEED_OF_LIGHT_KM_S * jnp.sqrt(jnp.where(moves, squared, 1.0)), 0.0)
