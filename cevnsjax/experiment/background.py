"""What backgrounds have in common, and those that a release gives as shapes in energy and in time."""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_distribution, check_positive, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.exposure import Exposure
from cevnsjax.flux import AbstractTimeDistribution
from cevnsjax.response import TimeWindow


class AbstractBackground(eqx.Module):
    """What is counted beside the signal."""

    @property
    @abstractmethod
    def edges_unit(self) -> str:
        """Unit of the edges over which it is integrated, ``"keV"``; empty for histograms in the bins of the data."""

    @abstractmethod
    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        """Expected counts in each bin of energy and time, in the unit of the data.

        Parameters
        ----------
        window
            Bins in time.
        exposure
            Mass and time of data taking: rates grow with both, histograms of recorded data have theirs inside.
        edges
            Edges of the energy bins where a threshold has cut them (:attr:`AbstractResponse.kept_edges`); histograms do
            not look at them.
        """

    def prepared(self) -> "AbstractBackground":
        """Return the same background with what is not cheap done once, good for as long as that does not move.

        Numbers that may change afterwards keep their paths: those that nothing of what is done once depends on.
        """
        return self

    def check_bins(self, edges: Float[Array, " edge"], kept_edges: Float[Array, " edge"]) -> None:
        """Refuse bins that it cannot fill, with and without what a threshold cuts; traced values are let through.

        Raises
        ------
        CevnsjaxError
            If so.
        """


class AbstractHistogramBackground(AbstractBackground):
    """A background whose contents are given bin by bin: nothing says where in a bin they are."""

    @property
    def edges_unit(self) -> str:
        return ""

    def check_bins(self, edges: Float[Array, " edge"], kept_edges: Float[Array, " edge"]) -> None:
        if is_concrete(edges) and is_concrete(kept_edges) and not np.array_equal(edges, kept_edges):
            cut = np.asarray(kept_edges)
            raise CevnsjaxError(
                f"threshold_keV must not be above the first edge of a background that is a histogram, got {cut[0]:g} "
                f"for {np.asarray(edges)[0]:g}: the background cannot be cut inside its bins."
            )


class SimulatedBackground(AbstractHistogramBackground):
    """A background whose times are known before the time efficiency, like a simulated neutron template.

    Attributes
    ----------
    events
        Expected events in the whole window of energy and time, after all efficiencies.
    energy_shape
        Relative contents of the energy bins, energy efficiency included, any normalisation, shape ``[energy]``.
    times
        Distribution in time before the time efficiency.
    """

    events: Float[Array, ""] = eqx.field(converter=as_float)
    energy_shape: Float[Array, " energy"] = eqx.field(converter=as_float)
    times: AbstractTimeDistribution

    def __check_init__(self):
        check_positive("events", self.events, "events")
        check_distribution("energy_shape", self.energy_shape)

    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        return _template(self.events, self.energy_shape, window.fractions(self.times.cumulative))


class MeasuredBackground(AbstractHistogramBackground):
    """A background as it was recorded, with all efficiencies inside, like events out of coincidence with the beam.

    Attributes
    ----------
    events
        Expected events in the whole window of energy and time.
    energy_shape
        Relative contents of the energy bins, any normalisation, shape ``[energy]``.
    times
        Distribution of the recorded times.
    """

    events: Float[Array, ""] = eqx.field(converter=as_float)
    energy_shape: Float[Array, " energy"] = eqx.field(converter=as_float)
    times: AbstractTimeDistribution

    def __check_init__(self):
        check_positive("events", self.events, "events")
        check_distribution("energy_shape", self.energy_shape)

    def counts(
        self, window: TimeWindow, exposure: Exposure, edges: Float[Array, " edge"]
    ) -> Float[Array, "energy time"]:
        recorded = jnp.diff(self.times.cumulative(window.edges_us, as_float(0.0)))
        return _template(self.events, self.energy_shape, recorded)


def _template(events, energy_shape, time_shape):
    return events * (energy_shape / energy_shape.sum())[:, None] * (time_shape / time_shape.sum())[None, :]
