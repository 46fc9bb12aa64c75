"""Light bosons that a source makes in several channels, at a detector."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_not_negative, check_positive, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.boson_emission import AbstractBosonEmission
from cevnsjax.flux.boson_source import AbstractBosonSource
from cevnsjax.flux.detector_geometry import AbstractDetectorGeometry
from cevnsjax.flux.flux_nodes import FluxNodes
from cevnsjax.flux.paths import one_path
from cevnsjax.particle import AbstractLightBoson


class BosonFlux(AbstractBosonSource):
    """Light bosons of photons (or whatever else makes them), as energies that move with their mass.

    What arrives is emitted bosons times the mean of exp(-r/l)/(4 pi r^2) over the detector. It is a sum over lines: the
    nodes on which channels are integrated.

    Attributes
    ----------
    boson
        The particle.
    channels
        What makes it, by name: the components, in alphabetical order.
    events
        Protons on target, or seconds of a reactor at the power that its photons are for.
    geometry
        Where the detector stands.
    norm
        Ratio of the flux to its prediction (1 nominally).
    source_radius_m
        Of the core or target, m: what is seen of it is a point, and a detector inside of it is refused.
    """

    components: tuple[str, ...] = eqx.field(static=True, init=False)
    boson: AbstractLightBoson
    channels: dict[str, AbstractBosonEmission]
    events: Float[Array, ""] = eqx.field(converter=as_float)
    geometry: AbstractDetectorGeometry
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    source_radius_m: float = eqx.field(static=True, default=0.0)

    def __post_init__(self):
        self.components = tuple(sorted(self.channels))

    def __check_init__(self):
        if not self.channels:
            raise CevnsjaxError("channels must name at least one channel that makes bosons, got none.")
        check_positive("events", self.events, "")
        check_not_negative("norm", self.norm, "")
        check_not_negative("source_radius_m", self.source_radius_m, "m")
        front = self.geometry.front_m
        if is_concrete(front) and float(front) < self.source_radius_m:
            raise CevnsjaxError(
                f"The detector begins {float(front):g} m from the middle of a source of {self.source_radius_m:g} m "
                "radius: it would be inside."
            )

    @property
    def paths(self) -> tuple[Float[Array, " path"], Float[Array, " path"]] | None:
        return one_path(self.geometry.distance_m)

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self._emitted()[0].max()[None]

    @property
    def heaviest_boson_MeV(self) -> Float[Array, ""]:
        """Mass from which on nothing is sent, MeV."""
        return jnp.stack([self.channels[name].heaviest_boson_MeV for name in self.components]).max()

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        arriving, slowest = self._arriving(*self._emitted())
        return self.norm * self.events * jnp.exp(-self.geometry.front_m * slowest) * arriving.sum(axis=1)

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        energy, emitted = self._emitted()
        arriving, _ = self._arriving(energy, emitted)
        # a total of 1e-20 would have no squared inverse in float32: shares are those of any multiple
        largest = jax.lax.stop_gradient(arriving.max(axis=1, keepdims=True))
        some = largest > 0.0
        relative = arriving / jnp.where(some, largest, 1.0)
        return energy, jnp.where(some, relative / jnp.where(some, relative.sum(axis=1, keepdims=True), 1.0), 0.0)

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        return jnp.zeros((len(self.channels), *energy_MeV.shape))

    def nodes(
        self,
        threshold_MeV: Float[Array, "*shape"],
        order: int = 12,
        kinks_MeV: Float[Array, " kink"] | None = None,
        *,
        root: bool = False,
    ) -> FluxNodes:
        """The lines alone, whatever the order: there is nothing between them."""
        energy, share = self.lines
        above = energy >= threshold_MeV[..., None]
        ranked = share.reshape(share.shape[0], *[1] * threshold_MeV.ndim, -1)
        return FluxNodes(jnp.broadcast_to(energy, above.shape), jnp.where(above[None], ranked, 0.0))

    def _emitted(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        """Energies, MeV, and bosons per event of each component."""
        energies, emitted = zip(*(self.channels[name].nodes(self.boson) for name in self.components), strict=True)
        own = [[i == j for j in range(len(emitted))] for i in range(len(emitted))]
        rows = [
            jnp.concatenate([each if mine else jnp.zeros_like(each) for each, mine in zip(emitted, row, strict=True)])
            for row in own
        ]
        return jnp.concatenate(energies), jnp.stack(rows)

    def _arriving(
        self, energy_MeV: Float[Array, " line"], emitted: Float[Array, "component line"]
    ) -> tuple[Float[Array, "component line"], Scalar]:
        """Bosons per event and cm^2, over what is left at the front of the longest lived ones, and 1/l of these, m^-1.

        What is left of all is taken out of every exponential, so that a spectrum of next to nothing has a shape.
        """
        rate = self.boson.inverse_decay_length_per_m(energy_MeV)
        slowest = self.boson.inverse_decay_length_per_m(energy_MeV.max())
        return emitted * self.geometry.mean_per_cm2(rate, slowest)[None], slowest
