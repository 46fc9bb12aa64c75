"""Dark matter of a proton beam at a detector: every channel of production, in slices of speed."""

import math
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_edges, check_positive, is_concrete
from cevnsjax.constants import SPEED_OF_LIGHT_KM_S
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux import rapidity
from cevnsjax.flux.dark_production import AbstractProduction, Emission
from cevnsjax.flux.dark_source import AbstractDarkSource
from cevnsjax.flux.moments import energy_powers
from cevnsjax.flux.paths import one_path
from cevnsjax.particle import AbstractDarkMatter
from cevnsjax.program import program
from cevnsjax.reached import depends_on

SLICES = (0.0, 0.04, 0.1, 0.2, 0.35, 0.6, 1.0, 1.8)
"""Delays of slices of speed, c/v - 1: between two of them particles are shared linearly."""

_US_PER_M = 1e3 / SPEED_OF_LIGHT_KM_S


class _Emitted(eqx.Module):
    """What all channels emit: see :class:`cevnsjax.flux.dark_production.Emission`."""

    edges: Float[Array, "channel edge"]
    density: Float[Array, "channel panel node"]
    breaks: Float[Array, " break"]
    dark_width_MeV: Float[Array, " channel"]
    particles: Float[Array, " component"]
    """Of each component, per proton and over the strength of its channel, were they everywhere as in this direction."""


class DarkFlux(AbstractDarkSource):
    """Dark matter from protons on a target, in the direction of a detector; what decays on its way is gone.

    When a particle arrives depends on its energy. Each channel is shared among slices of speed, linearly in the delay
    behind light; each slice is a component that arrives with its own delay, so the arrival time of each particle is
    interpolated linearly between those of two speeds. Where nothing is said of times, one slice will do.

    Attributes
    ----------
    dark_matter
        The particle.
    production
        Channels by name.
    protons_on_target
        Protons on target over the exposure.
    distance_m
        From the target to the detector, m.
    angle_deg
        Between the beam and the direction of the detector, degrees.
    slices
        Delays c/v - 1 of the slices, increasing from zero.
    norm
        Ratio of the flux to its prediction (1 nominally).
    emitted
        What is sent towards the detector, computed beforehand where nothing that it depends on moves.
    """

    components: tuple[str, ...] = eqx.field(static=True, init=False)
    dark_matter: AbstractDarkMatter
    production: dict[str, AbstractProduction]
    protons_on_target: Float[Array, ""] = eqx.field(converter=as_float)
    distance_m: Float[Array, ""] = eqx.field(converter=as_float)
    angle_deg: Float[Array, ""] = eqx.field(converter=as_float, default=90.0)
    slices: tuple[float, ...] = eqx.field(static=True, default=SLICES)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    emitted: _Emitted | None = eqx.field(default_factory=lambda: None, init=False)

    def __post_init__(self):
        one = len(self.slices) == 1
        self.components = tuple(
            name if one else f"{name}.{delay:g}" for name in sorted(self.production) for delay in self.slices
        )

    def __check_init__(self):
        if not self.production:
            raise CevnsjaxError("production must hold at least one channel, got none.")
        for channel in self.production.values():
            channel.check(self.dark_matter)
        check_positive("protons_on_target", self.protons_on_target, "protons")
        check_positive("distance_m", self.distance_m, "m")
        check_positive("norm", self.norm, "")
        if is_concrete(self.angle_deg) and not 0.0 <= float(self.angle_deg) <= 180.0:
            raise CevnsjaxError(f"angle_deg must be between 0 and 180 degrees, got {float(self.angle_deg):g}.")
        if not self.slices or self.slices[0] != 0.0:
            raise CevnsjaxError(f"slices must begin with the speed of light, a delay of 0, got {self.slices}.")
        if len(self.slices) > 1:
            check_edges("slices", self.slices, "c/v - 1")

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(each.origin for each in self._channels for _ in self.slices)

    @property
    def paths(self) -> tuple[Float[Array, " path"], Float[Array, " path"]] | None:
        return one_path(self.distance_m)

    @property
    def delay_us(self) -> Float[Array, " component"]:
        return jnp.tile(_US_PER_M * self.distance_m * as_float(self.slices), len(self.production))

    @property
    def lowest_energy_MeV(self) -> Float[Array, ""]:
        return self.mass_MeV

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self._energies_MeV(jnp.sort(self._emitted.breaks))

    @property
    def roughness(self) -> float:
        return 1e-7  # of polynomials that do not meet

    @property
    def panel_ends_MeV(self) -> Float[Array, " panel"]:
        emitted = self._emitted
        return self._energies_MeV(jnp.sort(jnp.concatenate([emitted.edges[:, 1:].reshape(-1), emitted.breaks])))

    def _energies_MeV(self, at: Float[Array, " rapidity"]) -> Float[Array, " rapidity"]:
        return self.mass_MeV * jnp.cosh(jnp.maximum(at, _SMALLEST_RAPIDITY))

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        protons_per_cm2 = self.protons_on_target / (4e4 * math.pi * self.distance_m**2)
        emitted = self._emitted
        widths_MeV = emitted.dark_width_MeV
        strength = jnp.stack([c.strength(self.dark_matter, widths_MeV[i]) for i, c in enumerate(self._channels)])
        of_all = jnp.repeat(strength, len(self.slices), total_repeat_length=len(self.components))
        return self.norm * protons_per_cm2 * of_all * emitted.particles

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return jnp.zeros((0,)), jnp.zeros((len(self.components), 0))

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        points = rapidity.rapidity_of(energy_MeV.reshape(-1), self.mass_MeV)
        emitted = self._emitted
        edges, density = emitted.edges, emitted.density
        # the density per unit of rapidity ends in p at rest; what is interpolated has no zero there
        momentum = self.mass_MeV * jnp.sinh(jax.vmap(rapidity.nodes)(edges))
        per_MeV = density / jnp.where(momentum > 0.0, momentum, 1.0)
        between = jax.vmap(lambda edges, values: rapidity.values_at(edges, values[None], points)[0])
        sliced = between(edges, per_MeV)[:, None] * self._shares(points)[None]
        return _over(sliced.reshape(-1, points.shape[0]), emitted.particles).reshape(-1, *energy_MeV.shape)

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        lower = rapidity.rapidity_of(minimum_energy_MeV.reshape(-1), self.mass_MeV)

        def of_channel(edges, density, particles):
            at = rapidity.nodes(edges)
            powers = energy_powers(self.mass_MeV * jnp.cosh(at), self.mass_MeV)
            shares = _over(self._shares(at) * density[None], particles)
            values = shares[:, None] * powers[None]
            return rapidity.integrals_above(edges, values.reshape(-1, *density.shape), lower)

        emitted = self._emitted
        particles = emitted.particles.reshape(-1, len(self.slices))
        moments = jax.vmap(of_channel)(emitted.edges, emitted.density, particles)
        return moments.reshape(len(self.components), 3, *minimum_energy_MeV.shape)

    def prepared(self, moving: Sequence[str]) -> "DarkFlux":
        if self.emitted is not None:
            return self
        flux = self
        if "angle_deg" not in moving:
            within = {name: f"production.{name}." for name in self.production}
            own = {n: [p.removeprefix(begin) for p in moving if p.startswith(begin)] for n, begin in within.items()}
            channels = {name: each.prepared(self._cosine, own[name]) for name, each in self.production.items()}
            flux = eqx.tree_at(lambda flux: flux.production, self, channels)
        if depends_on(lambda flux: flux._emitted, flux, moving):
            return flux
        return eqx.tree_at(lambda flux: flux.emitted, flux, _emitted_by(flux), is_leaf=lambda leaf: leaf is None)

    @property
    def _channels(self) -> list[AbstractProduction]:
        return [self.production[name] for name in sorted(self.production)]

    @property
    def _cosine(self) -> Scalar:
        return jnp.cos(jnp.deg2rad(self.angle_deg))

    @property
    def _emitted(self) -> _Emitted:
        if self.emitted is not None:
            return self.emitted
        each: list[Emission] = [channel.emission(self.dark_matter, self._cosine) for channel in self._channels]
        edges, density = jnp.stack([one.edges for one in each]), jnp.stack([one.density for one in each])
        energy = self.mass_MeV * jnp.cosh(jax.vmap(rapidity.nodes)(edges))
        density = density * self.dark_matter.survival(energy, self.distance_m)  # of what decays on its way
        widths_MeV = jnp.stack([one.dark_width_MeV for one in each])
        breaks = jnp.concatenate([one.breaks for one in each])
        return _Emitted(edges, density, breaks, widths_MeV, self._particles(edges, density))

    def _particles(
        self, edges: Float[Array, "channel edge"], density: Float[Array, "channel panel node"]
    ) -> Float[Array, " component"]:
        def of_channel(edges, density):
            return rapidity.integrals_above(edges, self._shares(rapidity.nodes(edges)) * density[None], edges[:1])[:, 0]

        return jax.vmap(of_channel)(edges, density).reshape(-1)

    def _shares(self, at: Float[Array, "*point"]) -> Float[Array, "slice *point"]:
        """Share of each slice in particles of a rapidity."""
        rising = as_float(self.slices)
        delay = 2.0 / jnp.expm1(2.0 * jnp.maximum(at, _SMALLEST_RAPIDITY))  # c/v - 1
        steps = rising.shape[0] - 1
        beyond = (delay[None] - rising[:-1].reshape(-1, *[1] * at.ndim)) / jnp.diff(rising).reshape(-1, *[1] * at.ndim)
        passed = jnp.concatenate(
            [jnp.ones_like(at)[None], jnp.clip(beyond, 0.0, 1.0), jnp.zeros_like(at)[None]], axis=0
        )
        return passed[: steps + 1] - passed[1:]


@program
def _emitted_by(flux: DarkFlux) -> _Emitted:
    return flux._emitted


def _over(
    of_all: Float[Array, "component *rest"], particles: Float[Array, " component"]
) -> Float[Array, "component *rest"]:
    """For one particle of each component; nothing of a component that is empty."""
    number = particles.reshape(-1, *[1] * (of_all.ndim - 1))
    some = number > 0.0
    return jnp.where(some, of_all / jnp.where(some, number, 1.0), 0.0)


_SMALLEST_RAPIDITY = 1e-3
