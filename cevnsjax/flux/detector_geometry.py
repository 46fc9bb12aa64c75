"""Where a detector stands around a source that it sees as a point."""

import math
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive, exponential_integral, gauss_legendre, is_concrete
from cevnsjax.errors import CevnsjaxError

_CM2_PER_M2 = 1e4
_ALONG, _ACROSS, _SIDE = 16, 8, 4


class AbstractDetectorGeometry(eqx.Module):
    """The volume of a detector, as an average over it of what leaves a point alike in all directions and decays."""

    distance_m: eqx.AbstractVar[Float[Array, ""]]
    """From the source to the detector, m."""

    @property
    @abstractmethod
    def front_m(self) -> Scalar:
        """From the source to the nearest point of the detector, m."""

    @abstractmethod
    def mean_per_cm2(
        self, inverse_decay_length_per_m: Float[Array, "*point"], of_all_per_m: Scalar | float = 0.0
    ) -> Float[Array, "*point"]:
        """exp(-r/l)/(4 pi r^2), averaged over the volume of the detector, cm^-2.

        Parameters
        ----------
        inverse_decay_length_per_m
            1/l, m^-1.
        of_all_per_m
            What is left out of 1/l between source and detector, m^-1; not more than any 1/l.
        """


class ConeGeometry(AbstractDetectorGeometry):
    """A detector that is a sector of a spherical shell around the source.

    Any number that is averaged over its volume is an integral along the path, in closed form, and its solid angle drops
    out.

    Attributes
    ----------
    distance_m
        From the source to the front of the detector, m.
    length_m
        Of the detector along the path, m.
    """

    distance_m: Float[Array, ""] = eqx.field(converter=as_float)
    length_m: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("distance_m", self.distance_m, "m")
        check_positive("length_m", self.length_m, "m")

    @classmethod
    def of_mass(
        cls, mass_kg: float, density_g_per_cm3: float, distance_m: float, length_m: float | None = None
    ) -> "ConeGeometry":
        """Build the geometry of a detector of some mass; as long as a cube of its volume unless a length is given.

        Raises
        ------
        CevnsjaxError
            If it does not fit around the source.
        """
        for name, value, unit in (("mass_kg", mass_kg, "kg"), ("density_g_per_cm3", density_g_per_cm3, "g/cm^3")):
            check_positive(name, value, unit)
        volume_m3 = 1e-3 * mass_kg / density_g_per_cm3
        geometry = cls(distance_m, volume_m3 ** (1.0 / 3.0) if length_m is None else length_m)
        solid_angle = volume_m3 / float(geometry.volume_per_sr_m3)
        if solid_angle > 4.0 * math.pi:
            raise CevnsjaxError(
                f"A detector of {volume_m3:g} m^3, {float(geometry.length_m):g} m long, does not fit around a source "
                f"at {float(geometry.distance_m):g} m: it would need {solid_angle:.3g} sr."
            )
        return geometry

    @property
    def volume_per_sr_m3(self) -> Scalar:
        """((d + L)^3 - d^3)/3, m^3 sr^-1."""
        d, length = self.distance_m, self.length_m
        return length * (d**2 + d * length + length**2 / 3.0)

    @property
    def front_m(self) -> Scalar:
        return self.distance_m

    def mean_per_cm2(
        self, inverse_decay_length_per_m: Float[Array, "*point"], of_all_per_m: Scalar | float = 0.0
    ) -> Float[Array, "*point"]:
        way = _way_to_front(self.distance_m, inverse_decay_length_per_m, of_all_per_m)
        path = exponential_integral(self.length_m, inverse_decay_length_per_m)
        return way * path / (4.0 * math.pi * _CM2_PER_M2 * self.volume_per_sr_m3)


class SphereGeometry(AbstractDetectorGeometry):
    """A sphere.

    Like those of a cylinder and of a box, means are sums over nodes: good to 1e-6 as long as what arrives decays over a
    twentieth of the detector or more.

    Attributes
    ----------
    distance_m
        From the source to the centre, m: more than the radius.
    radius_m
        m.
    """

    distance_m: Float[Array, ""] = eqx.field(converter=as_float)
    radius_m: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("distance_m", self.distance_m, "m")
        check_positive("radius_m", self.radius_m, "m")
        distance, radius = self.distance_m, self.radius_m
        if is_concrete(distance) and is_concrete(radius) and not radius < distance:
            raise CevnsjaxError(
                f"A sphere of radius {float(radius):g} m, {float(distance):g} m away, contains the source: distance_m "
                "is that of its centre and must be above radius_m."
            )

    @property
    def front_m(self) -> Scalar:
        return self.distance_m - self.radius_m

    def mean_per_cm2(
        self, inverse_decay_length_per_m: Float[Array, "*point"], of_all_per_m: Scalar | float = 0.0
    ) -> Float[Array, "*point"]:
        abscissae, weights = map(as_float, gauss_legendre(_ALONG))
        distance, radius = self.distance_m, self.radius_m
        path = distance + radius * abscissae
        # share of the volume between spheres around the source: 2 pi r^2 (1 - cos), cos that of the cap's edge
        share = 0.75 * weights * (1.0 - abscissae**2) * path / distance
        return _mean(self.front_m, path, share, inverse_decay_length_per_m, of_all_per_m)


class CylinderGeometry(AbstractDetectorGeometry):
    """A cylinder whose axis points at the source; means are as good as those of a :class:`SphereGeometry`.

    Attributes
    ----------
    distance_m
        From the source to the front of the cylinder, m.
    length_m, radius_m
        m.
    """

    distance_m: Float[Array, ""] = eqx.field(converter=as_float)
    length_m: Float[Array, ""] = eqx.field(converter=as_float)
    radius_m: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        for name in ("distance_m", "length_m", "radius_m"):
            check_positive(name, getattr(self, name), "m")

    @property
    def front_m(self) -> Scalar:
        return self.distance_m

    def mean_per_cm2(
        self, inverse_decay_length_per_m: Float[Array, "*point"], of_all_per_m: Scalar | float = 0.0
    ) -> Float[Array, "*point"]:
        along, along_weights = _unit(_ALONG)
        across2, across_weights = _unit(_ACROSS)
        depth = (self.distance_m + self.length_m * along)[:, None]
        path = jnp.sqrt(depth**2 + (self.radius_m**2 * across2)[None, :])
        weights = along_weights[:, None] * across_weights[None, :]
        return _mean(self.front_m, path.ravel(), weights.ravel(), inverse_decay_length_per_m, of_all_per_m)


class BoxGeometry(AbstractDetectorGeometry):
    """A box whose front faces the source, at its middle; means are as good as those of a :class:`SphereGeometry`.

    Attributes
    ----------
    distance_m
        From the source to the middle of the front, m.
    length_m, width_m, height_m
        Along the path and across it, m.
    """

    distance_m: Float[Array, ""] = eqx.field(converter=as_float)
    length_m: Float[Array, ""] = eqx.field(converter=as_float)
    width_m: Float[Array, ""] = eqx.field(converter=as_float)
    height_m: Float[Array, ""] = eqx.field(converter=as_float)

    def __check_init__(self):
        for name in ("distance_m", "length_m", "width_m", "height_m"):
            check_positive(name, getattr(self, name), "m")

    @property
    def front_m(self) -> Scalar:
        return self.distance_m

    def mean_per_cm2(
        self, inverse_decay_length_per_m: Float[Array, "*point"], of_all_per_m: Scalar | float = 0.0
    ) -> Float[Array, "*point"]:
        along, along_weights = _unit(_ALONG)
        side, side_weights = _unit(_SIDE)
        depth2 = (self.distance_m + self.length_m * along)[:, None, None] ** 2
        width2, height2 = ((0.5 * size * side) ** 2 for size in (self.width_m, self.height_m))
        path = jnp.sqrt(depth2 + width2[None, :, None] + height2[None, None, :])
        weights = along_weights[:, None, None] * side_weights[None, :, None] * side_weights[None, None, :]
        return _mean(self.front_m, path.ravel(), weights.ravel(), inverse_decay_length_per_m, of_all_per_m)


def _unit(order: int) -> tuple[Float[Array, " node"], Float[Array, " node"]]:
    """Nodes and weights from zero to one."""
    abscissae, weights = gauss_legendre(order)
    return as_float(0.5 * (1.0 + np.asarray(abscissae))), as_float(0.5 * np.asarray(weights))


def _way_to_front(front_m: Scalar, rate_per_m: Float[Array, "*point"], of_all_per_m) -> Float[Array, "*point"]:
    """What is left at the front of the detector, but for what decays anyway."""
    rest = rate_per_m - of_all_per_m
    return jnp.exp(-front_m * jnp.where(rest < 0.0, 0.0, rest))


def _mean(
    front_m: Scalar,
    path_m: Float[Array, " node"],
    weights: Float[Array, " node"],
    rate_per_m: Float[Array, "*point"],
    of_all_per_m,
) -> Float[Array, "*point"]:
    """exp(-r/l)/(4 pi r^2) of a distribution of paths, cm^-2."""
    inside = jnp.exp(-rate_per_m[..., None] * (path_m - front_m))
    spread = (inside * (weights / path_m**2)).sum(axis=-1)
    return _way_to_front(front_m, rate_per_m, of_all_per_m) * spread / (4.0 * math.pi * _CM2_PER_M2)
