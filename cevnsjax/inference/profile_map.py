"""What a scan gives: the map, intervals read off it, and a file that other programs read."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator

from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.inference.added_points import AddedPoints, on_one_lattice
from cevnsjax.inference.map_axes import axis_coordinate, positions_of
from cevnsjax.inference.model import Model
from cevnsjax.inference.profile import Maximum
from cevnsjax.inference.quantiles import chi_squared_quantile

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class ProfileMap:
    """A profile-likelihood map on a grid of one or two parameters.

    Arrays have one axis for each gridded parameter, in the order of ``grid``. Points that were not computed are NaN.

    Attributes
    ----------
    model
        The model.
    grid
        Values of the gridded parameters by name.
    log_density
        Log-likelihood (relative to the saturated model) plus the log-priors that constrain, maximised over the profiled
        parameters; the priors of gridded ones are left out unless they are nuisances of the experiment.
    nuisances
        Values of the profiled parameters at the maximum, by name.
    gradient
        Largest derivative of the log-density in a latent of the profiled parameters.
    converged
        Whether the fit of the point has converged: no derivative above 1e-5 (3e-2 in float32) in a latent times its
        width, and nothing to be gained by another step.
    best
        Best fit in the box of the grid, found between its points; its ``log_density`` is defined as that of the map.
    added
        Points between those of the grid, where it does not resolve a valley of the map.
    attributes
        Whatever else should be written beside the map.
    """

    model: Model
    grid: dict[str, np.ndarray]
    log_density: np.ndarray
    nuisances: dict[str, np.ndarray]
    gradient: np.ndarray
    converged: np.ndarray
    best: Maximum
    added: AddedPoints = field(default_factory=AddedPoints)
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def delta_chi2(self) -> np.ndarray:
        """Twice the drop of the profiled log-density from the best fit; infinite where the density is zero."""
        return self._heights(self.log_density)

    @property
    def added_delta_chi2(self) -> np.ndarray:
        """``delta_chi2`` at the added points, shape ``[point]``."""
        return self._heights(self.added.log_density)

    def _heights(self, log_density: np.ndarray) -> np.ndarray:
        return np.maximum(2.0 * (self.best.log_density - log_density), 0.0)

    def drawn(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Axes and ``delta_chi2`` with the added points, for contours: where there are none, the grid and its own.

        Otherwise axes are in halves of the grid's steps, quarters and so on. Where no point was added, heights are
        interpolated: by cubics that stay between the heights on either side, linearly beside what is infinite.
        """
        return on_one_lattice(self.grid, self.delta_chi2, self.added.values, self.added_delta_chi2)

    @property
    def computed(self) -> np.ndarray:
        """Which points were computed."""
        return ~np.isnan(self.log_density)

    @property
    def not_converged(self) -> int:
        """Number of points that were computed and have not converged."""
        return int((self.computed & ~self.converged).sum() + (~self.added.converged).sum())

    def profile(self, name: str) -> np.ndarray:
        """Smallest ``delta_chi2`` at each value of one gridded parameter; NaN where nothing was computed.

        Added points count where they have one of these values.

        Raises
        ------
        UnknownNameError
            If the parameter is not gridded.
        """
        if name not in self.grid:
            raise UnknownNameError("gridded parameter", name, self.grid)
        axis = list(self.grid).index(name)
        others = tuple(other for other in range(len(self.grid)) if other != axis)
        lowest = np.where(self.computed, self.delta_chi2, np.inf).min(axis=others)
        if self.added.number:
            positions = positions_of(self.grid[name], self.added.values[name])
            places = np.rint(positions).astype(int)
            here = np.abs(positions - places) < 1e-6
            np.minimum.at(lowest, places[here], self.added_delta_chi2[here])
        return np.where(self.computed.any(axis=others), lowest, np.nan)

    def curve(self, name: str) -> PchipInterpolator | None:
        """The profile of one gridded parameter between its points, through the best fit: what intervals are read off.

        Returns
        -------
        curve
            Of the coordinate of the axis (the logarithm of the parameter where the grid is logarithmic), between the
            first and the last point with a density: the root of ``delta_chi2``, negative below the best fit, which is
            nearly linear across that. ``None`` if there are not two such points.

        Raises
        ------
        UnknownNameError
            If the parameter is not gridded.
        """
        heights = self.profile(name)
        values = self.grid[name]
        if len(self.grid) == 1:  # added points are values of the parameter, of which everything is known
            values = np.concatenate([values, self.added.values.get(name, np.zeros(0))])
            heights = np.concatenate([heights, self.added_delta_chi2])
        order = np.argsort(values)
        order = order[np.isfinite(heights[order])]
        to, _ = axis_coordinate(self.grid[name])
        places, heights, best = to(values[order]), heights[order], to(self.best.values[name])
        # the best fit is a point of the profile too, unless it is one of the grid's
        if places.size and np.abs(places - best).min() > 1e-9 * np.ptp(to(self.grid[name])):
            where = int(np.searchsorted(places, best))
            places, heights = np.insert(places, where, best), np.insert(heights, where, 0.0)
        return None if places.size < 2 else PchipInterpolator(places, np.where(places < best, -1, 1) * np.sqrt(heights))

    def intervals(self, name: str, level: float = 0.9) -> list[tuple[float, float]]:
        """Where the profile of one parameter is below the quantile of chi-squared with one degree of freedom.

        The profile is interpolated between grid points, monotonically and through the best fit. An interval ends at the
        end of the grid where the profile does not rise above the quantile before.

        Parameters
        ----------
        name
            A gridded parameter.
        level
            Confidence level, between 0 and 1.

        Returns
        -------
        list
            Lower and upper end of every interval; several if there are several minima.

        Raises
        ------
        UnknownNameError
            If the parameter is not gridded.
        CevnsjaxError
            If the level is not between 0 and 1.
        """
        if not 0.0 < level < 1.0:
            raise CevnsjaxError(f"level must lie between 0 and 1, got {level}.")
        threshold = chi_squared_quantile(level)
        curve = self.curve(name)
        if curve is None:
            return [(self.best.values[name], self.best.values[name])]
        _, back = axis_coordinate(self.grid[name])
        places = curve.x
        crossings = np.concatenate([curve.solve(sign * np.sqrt(threshold), extrapolate=False) for sign in (-1, 1)])
        crossings = crossings[np.isfinite(crossings)]
        ends = np.unique([places[0], *crossings, places[-1]])
        inside = curve(0.5 * (ends[1:] + ends[:-1])) ** 2 < threshold
        found: list[tuple[float, float]] = []
        for low, high, holds in zip(ends[:-1], ends[1:], inside, strict=True):
            if holds and found and found[-1][1] == low:
                found[-1] = (found[-1][0], high)
            elif holds:
                found.append((low, high))
        return [(float(back(low)), float(back(high))) for low, high in found]

    def to_dataset(self) -> "xarray.Dataset":
        """The map as an xarray data set, with units and descriptions."""
        from cevnsjax.inference.map_file import map_dataset

        return map_dataset(self)

    def to_netcdf(self, path: Path) -> None:
        """Write :meth:`to_dataset` as a NetCDF file."""
        self.to_dataset().to_netcdf(path, engine="h5netcdf")
