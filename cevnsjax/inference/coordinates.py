"""Straight coordinates: what latents bend."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

LONGEST_STEP = 4.0
"""Longest step of a latent without ends; and how much nearer an end one step leads, as a power of e."""

_MOST = 1.0 - float(np.exp(-LONGEST_STEP))


class Coordinates(eqx.Module):
    """Steps of latents that are straight in what the density is nearly a parabola of.

    A likelihood is a parabola of counts, and those are sums and products of *values*. Latents of a bounded parameter
    bend them: the straight valley of two couplings of which only the sum is seen becomes a curved one, which takes
    hundreds of steps to follow. So a step is straight in a coordinate v that is as even as the value, and of no unit:
    with u = location + scale * latent, v is u where the prior has no end, exp(u) at one end and 1/(1 + exp(-u)) between
    two (evenly in the logarithm, for a prior that is flat in it).

    Derivatives are those in latents, lengths of steps too: a step p is one of v by p dv/dlatent. Near an end that the
    density falls towards, a Newton step is one of the latent itself; :meth:`towards_ends` is what the second
    derivative in latents has more than that in v.

    Attributes
    ----------
    ends
        How many ends each parameter has.
    location, scale
        Map from latents to unconstrained values.
    """

    ends: tuple[int, ...] = eqx.field(static=True)
    location: Float[Array, " latent"]
    scale: Float[Array, " latent"]

    def _choose(self, none, one, two):
        ends = np.array(self.ends)
        return jnp.where(ends == 2, two, jnp.where(ends == 1, one, none))

    def _shares(self, latents):
        """Parts of the range below and above."""
        unconstrained = self.location + self.scale * latents
        return jax.nn.sigmoid(unconstrained), jax.nn.sigmoid(-unconstrained)

    def slope(self, latents: Float[Array, " latent"]) -> Float[Array, " latent"]:
        """dv/dlatent, over that of the location where there is one end."""
        below, above = self._shares(latents)
        return self.scale * self._choose(1.0, jnp.exp(self.scale * latents), below * above)

    def bend(self, latents: Float[Array, " latent"]) -> Float[Array, " latent"]:
        """Second derivative of v over the first, in the latent."""
        below, above = self._shares(latents)
        return self._choose(0.0, self.scale, self.scale * (above - below))

    def towards_ends(
        self, latents: Float[Array, " latent"], gradient: Float[Array, " latent"]
    ) -> Float[Array, " latent"]:
        """Second derivatives that come of the bend, where a minimum is sought beyond an end."""
        return jnp.maximum(self.bend(latents) * gradient, 0.0)

    def shorten(self, latents: Float[Array, " latent"], step: Float[Array, " latent"]) -> Float[Array, " latent"]:
        """A step in its direction, no longer than a range or than the longest step is in v."""
        below, above = self._shares(latents)
        wide = jnp.abs(step)
        one_end = LONGEST_STEP * jnp.maximum(1.0, jnp.exp(-self.scale * latents))
        parts = self._choose(wide / LONGEST_STEP, wide / one_end, wide * self.scale * below * above)
        return step / jnp.maximum(parts.max(), 1.0)

    def beyond(self, latents: Float[Array, " latent"], step: Float[Array, " latent"]) -> Float[Array, " latent"]:
        """Each step over the longest that leaves a little of the way to an end; at most one is allowed."""
        below, above = self._shares(latents)
        moved = self.scale * step
        return self._choose(0.0, -moved, jnp.maximum(moved * below, -moved * above)) / _MOST

    def move(
        self, latents: Float[Array, " latent"], step: Float[Array, " latent"]
    ) -> tuple[Float[Array, " latent"], Float[Array, " latent"]]:
        """Take a step that stays within the ends.

        Parameters
        ----------
        latents
            Where from.
        step
            Step of v over dv/dlatent.

        Returns
        -------
        latents
            Where to.
        stretch
            dv/dlatent there over that here.
        """
        below, above = self._shares(latents)
        moved = self.scale * step
        # no logarithm of what is not one of the parameter: its derivative would be none
        up = jnp.log1p(self._choose(0.0, moved, above * moved))
        down = jnp.log1p(self._choose(0.0, 0.0, -below * moved))
        return latents + self._choose(moved, up, up - down) / self.scale, jnp.exp(up + down)
