"""Straight coordinates: what latents bend."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

LONGEST_STEP = 4.0
"""Longest step of a latent without ends; and how much nearer an end one step leads, as a power of e."""

_MOST = 1.0 - float(np.exp(-LONGEST_STEP))


@dataclass(frozen=True)
class Coordinates:
    """Steps of latents that are straight in what the density is nearly a parabola of.

    A likelihood is a parabola of counts, and those are sums and products of *values*. Latents of a bounded parameter
    bend them: the straight valley of two couplings of which only the sum is seen becomes a curved one, which takes
    hundreds of steps to follow. So a step is straight in a coordinate v that is as even as the value, and of no unit:
    with u = location + scale * latent, v is u where the prior has no end, exp(u) at one end and 1/(1 + exp(-u)) between
    two (evenly in the logarithm, for a prior that is flat in it).

    Derivatives are those in latents, lengths of steps too: a step p is one of v by p dv/dlatent. Near an end that the
    density falls towards, a Newton step is one of the latent itself; :meth:`towards_ends` is what the second
    derivative in latents has more than that in v.

    All methods take arrays ``[*point, latent]``.

    Attributes
    ----------
    ends
        How many ends each parameter has, shape ``[latent]``.
    location, scale
        Map from latents to unconstrained values, shape ``[latent]``.
    """

    ends: np.ndarray
    location: np.ndarray
    scale: np.ndarray

    def _choose(self, none, one, two) -> np.ndarray:
        return np.where(self.ends == 2, two, np.where(self.ends == 1, one, none))

    def _shares(self, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Parts of the range below and above."""
        unconstrained = self.location + self.scale * latents
        return expit(unconstrained), expit(-unconstrained)

    @np.errstate(over="ignore")
    def slope(self, latents: np.ndarray) -> np.ndarray:
        """dv/dlatent, over that of the location where there is one end."""
        below, above = self._shares(latents)
        return self.scale * self._choose(1.0, np.exp(self.scale * latents), below * above)

    def bend(self, latents: np.ndarray) -> np.ndarray:
        """Second derivative of v over the first, in the latent."""
        below, above = self._shares(latents)
        return self._choose(0.0, self.scale, self.scale * (above - below))

    def rounding(self, latents: np.ndarray) -> np.ndarray:
        """Relative rounding error of dv/dlatent: large at the upper of two ends, where that is 1 minus nearly 1."""
        _, above = self._shares(latents)
        kind = np.finfo(latents.dtype)
        return kind.eps / np.where(self.ends == 2, np.maximum(above, kind.tiny), 1.0)

    def inside(self, latents: np.ndarray) -> np.ndarray:
        """Latents moved so far from the ends that the density's derivatives in them can be seen."""
        # beyond, an objective that wants inside could have a derivative below the tolerance of a fit
        deepest = 6.0 if latents.dtype == np.float64 else 2.5
        lowest = self._choose(-np.inf, -deepest / self.scale, -deepest)
        highest = np.where(self.ends == 2, deepest, np.inf)
        return np.clip(latents, lowest, highest).astype(latents.dtype)

    def towards_ends(self, latents: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """Second derivatives that come of the bend, where a minimum is sought beyond an end."""
        return np.maximum(self.bend(latents) * gradient, 0.0)

    @np.errstate(over="ignore")
    def shorten(self, latents: np.ndarray, step: np.ndarray) -> np.ndarray:
        """A step in its direction, no longer than a range or than the longest step is in v."""
        below, above = self._shares(latents)
        wide = np.abs(step)
        one_end = LONGEST_STEP * np.maximum(1.0, np.exp(-self.scale * latents))
        parts = self._choose(wide / LONGEST_STEP, wide / one_end, wide * self.scale * below * above)
        return step / np.maximum(parts.max(axis=-1, keepdims=True), 1.0)

    def beyond(self, latents: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Each step over the longest that leaves a little of the way to an end; at most one is allowed."""
        below, above = self._shares(latents)
        moved = self.scale * step
        return self._choose(0.0, -moved, np.maximum(moved * below, -moved * above)) / _MOST

    def move(self, latents: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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
        up = np.log1p(self._choose(0.0, moved, above * moved))
        down = np.log1p(self._choose(0.0, 0.0, -below * moved))
        return latents + self._choose(moved, up, up - down) / self.scale, np.exp(up + down)
