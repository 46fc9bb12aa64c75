"""Energy spectra given on knots: density, integral and truncated moments of what lies between them."""

import warnings

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_edges, gauss_legendre, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.moments import POWERS, energy_powers, fold_powers, summed_from_above


class InterpolatedSpectra(eqx.Module):
    """Densities on common knots, interpolated between them or constant in bins, zero outside.

    Moments are integrals of the interpolation itself: Gauss-Legendre quadrature between neighbouring knots, summed
    from above, so that they are positive, continuous in their lower limit, and without cancellation. With eight nodes
    they are exact to 1e-10 where neighbouring knots are at most a factor of two apart.

    Attributes
    ----------
    energy_MeV
        Knots, MeV, increasing, shape ``[knot]``.
    values_per_MeV
        Densities on the knots, not negative, shape ``[spectrum, knot]``; the unit may hold more than MeV^-1.
    logarithmic
        Whether the logarithm of a density is interpolated, in place of itself; between knots one of which is zero the
        density itself always is.
    order
        Nodes between neighbouring knots.
    histogram
        Whether knots are edges of bins, in which a density is constant: that of a knot holds up to the next one, and
        what stands on the last knot has no bin. Its integral is the sum of the bins.
    """

    energy_MeV: Float[Array, " knot"] = eqx.field(converter=as_float)
    values_per_MeV: Float[Array, "spectrum knot"] = eqx.field(converter=as_float)
    logarithmic: bool = eqx.field(static=True, default=False)
    order: int = eqx.field(static=True, default=8)
    histogram: bool = eqx.field(static=True, default=False)

    def __check_init__(self):
        if self.histogram and self.logarithmic:
            raise CevnsjaxError("A histogram is constant in each bin; leave logarithmic out.")
        if is_concrete(self.energy_MeV):
            edges = check_edges("energy_MeV", self.energy_MeV, "MeV")
            if edges[0] <= 0.0:
                raise CevnsjaxError(f"energy_MeV must be positive, got {edges[0]:g} MeV.")
        if self.values_per_MeV.shape[1:] != self.energy_MeV.shape:
            raise CevnsjaxError(
                f"values_per_MeV must have one value for each of the {self.energy_MeV.shape[0]} energies, got the "
                f"shape {self.values_per_MeV.shape}."
            )
        if is_concrete(self.values_per_MeV):
            values = np.asarray(self.values_per_MeV)
            bad = ~(np.isfinite(values) & (values >= 0.0))
            if np.any(bad):
                row, knot = np.argwhere(bad)[0]
                raise CevnsjaxError(
                    f"A flux must be finite and not negative, got {values[row, knot]:g} on knot {knot} "
                    f"(of row {row}) of the table."
                )

    def warn_outside(self, energy_MeV: Float[Array, "*point"]) -> None:
        """Warn of energies in MeV that can be seen to be outside the table; to be called by a flux's ``density``."""
        if not (is_concrete(energy_MeV) and is_concrete(self.energy_MeV)):
            return
        energy, knots = np.asarray(energy_MeV), np.asarray(self.energy_MeV)
        rounding = 1e-6
        if np.any((energy < knots[0] * (1.0 - rounding)) | (energy > knots[-1] * (1.0 + rounding))):
            warnings.warn(
                f"Energies outside the table ({knots[0]:g} to {knots[-1]:g} MeV): the flux is taken as zero there.",
                stacklevel=3,
            )

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "spectrum *point"]:
        """Interpolated densities at energies in MeV, zero outside the table."""
        low, high = self.energy_MeV[0], self.energy_MeV[-1]
        interval = jnp.clip(jnp.searchsorted(self.energy_MeV, energy_MeV, side="right") - 1, 0, self._intervals - 1)
        inside = (energy_MeV >= low) & (energy_MeV <= high)
        return jnp.where(inside, self._between(interval, jnp.clip(energy_MeV, low, high)), 0.0)

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "spectrum power *node"]:
        """Integrals of the density times E^p above minimum energies in MeV, for p in ``POWERS``."""
        knots = self.energy_MeV
        start = jnp.clip(minimum_energy_MeV.reshape(-1), knots[0], knots[-1])
        interval = jnp.clip(jnp.searchsorted(knots, start, side="right") - 1, 0, self._intervals - 1)
        whole = self._integrate(jnp.arange(self._intervals), knots[:-1], knots[1:])
        moments = summed_from_above(whole, self._integrate(interval, start, knots[interval + 1]), interval)
        return moments.reshape(*moments.shape[:2], *minimum_energy_MeV.shape)

    def totals(self) -> Float[Array, " spectrum"]:
        """Integrals of the densities over all energies."""
        values = self.values_per_MeV
        if self.histogram:
            return (values[:, :-1] * jnp.diff(self.energy_MeV)[None]).sum(axis=1)
        if not self.logarithmic:
            return (0.5 * (values[:, 1:] + values[:, :-1]) * jnp.diff(self.energy_MeV)[None]).sum(axis=1)
        return self.moments(self.energy_MeV[0])[:, POWERS.index(0)]

    def restricted(self, lowest_energy_MeV: float, highest_energy_MeV: float) -> "InterpolatedSpectra":
        """Cut the same interpolation off below and above two energies in MeV.

        Between a zero and a positive knot, where a logarithmic table is linear, the rest of it becomes logarithmic.
        """
        energy = np.asarray(self.energy_MeV)
        low, high = max(lowest_energy_MeV, energy[0]), min(highest_energy_MeV, energy[-1])
        if not low < high:
            raise CevnsjaxError(
                f"The limits must leave some of the table ({energy[0]:g} to {energy[-1]:g} MeV), got "
                f"{lowest_energy_MeV:g} to {highest_energy_MeV:g} MeV."
            )
        knots = as_float(np.concatenate([[low], energy[(energy > low) & (energy < high)], [high]]))
        knots = jnp.clip(knots, self.energy_MeV[0], self.energy_MeV[-1])
        values = eqx.filter_jit(InterpolatedSpectra.density)(self, knots)
        return InterpolatedSpectra(knots, values, self.logarithmic, self.order, self.histogram)

    def edges_MeV(self, number: int) -> Float[Array, " edge"]:
        """Up to a number of knots, the last one included, that quadrature panels can end at."""
        picks = np.linspace(0, self._intervals, min(number, self._intervals) + 1).round().astype(int)[1:]
        return self.energy_MeV[picks]

    @property
    def _intervals(self) -> int:
        return self.energy_MeV.shape[0] - 1

    def _between(self, interval, energy_MeV: Float[Array, "*point"]) -> Float[Array, "spectrum *point"]:
        """The interpolation of given intervals."""
        low, high = self.energy_MeV[interval], self.energy_MeV[interval + 1]
        part = (energy_MeV - low) / (high - low)
        before, after = self.values_per_MeV[:, interval], self.values_per_MeV[:, interval + 1]
        if self.histogram:
            return before
        linear = before + (after - before) * part[None]
        if not self.logarithmic:
            return linear
        positive = (before > 0.0) & (after > 0.0)
        first, second = jnp.where(positive, before, 1.0), jnp.where(positive, after, 1.0)
        return jnp.where(positive, first * jnp.exp(jnp.log(second / first) * part[None]), linear)

    def _integrate(
        self, interval, lower_MeV: Float[Array, " node"], upper_MeV: Float[Array, " node"]
    ) -> Float[Array, "spectrum power node"]:
        """Integrals over parts of given intervals."""
        abscissae, weights = map(as_float, gauss_legendre(self.order))
        half_width = 0.5 * (upper_MeV - lower_MeV)
        energy = lower_MeV[:, None] + half_width[:, None] * (1.0 + abscissae)[None, :]
        strength = self._between(jnp.broadcast_to(interval[:, None], energy.shape), energy)
        strength = strength * (half_width[:, None] * weights[None, :])[None]
        return fold_powers(strength, energy_powers(energy))
