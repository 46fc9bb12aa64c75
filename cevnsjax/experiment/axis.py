"""Axes of binned data."""

import equinox as eqx


class Axis(eqx.Module):
    """One axis of the binned data, for tables and plots.

    Attributes
    ----------
    name
        What is measured, with its unit, like ``"photoelectrons_PE"``.
    edges
        Bin edges.
    """

    name: str = eqx.field(static=True)
    edges: tuple[float, ...] = eqx.field(static=True, converter=lambda edges: tuple(map(float, edges)))

    @property
    def bins(self) -> int:
        """Number of bins."""
        return len(self.edges) - 1


NO_TIMES = Axis("exposure", (0.0, 1.0))
"""Last axis of data that are not resolved in time."""

UNITS_OF_AXES = {
    "keV": ("keV", 1.0),
    "keVee": ("keV", 1.0),
    "keVnr": ("keV", 1.0),
    "MeV": ("keV", 1e3),
    "PE": ("PE", 1.0),
}
"""Units that the name of an observable may end in: the unit of a response, and how many of it one is."""
