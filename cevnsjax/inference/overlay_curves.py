"""Overlays as a map shows them: which assumptions are not the map's, and lines."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cevnsjax.errors import ParameterError
from cevnsjax.experiment import settable_leaves
from cevnsjax.inference.map_axes import axis_coordinate
from cevnsjax.inference.model import Model
from cevnsjax.overlays import Overlay

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_COLOURS = (
    *("#2a9d8f", "#c2185b", "#8c6bb1", "#7a5c1e", "#3a7d0a", "#0097c4", "#5b5b5b"),
    *("#e06bd0", "#7cb518", "#9c2f2f"),
)
_STYLES: dict[str, Any] = {
    "observed limit": "-",
    "sensitivity": (0, (6, 2)),
    "projection": (0, (6, 1.5, 1, 1.5)),
    "relic line": (0, (1, 1.4)),
}
_SYMBOLS = {
    "alpha_D": r"$\alpha_D$",
    "alpha_chi": r"$\alpha_\chi$",
    "alpha_B": r"$\alpha_B$",
    "epsilon_B": r"$\epsilon_B$",
    "mass_ratio": r"$m_V/m_\chi$",
    "x_e": r"$x_e$",
    "x_mu": r"$x_\mu$",
}


@dataclass(frozen=True, eq=False)
class Curve:
    """An overlay in the quantities of a map.

    Attributes
    ----------
    name, kind, source
        As of the overlay.
    label
        What the legend says: its title, and what it assumes that the map does not.
    values
        Points along it by name of the gridded parameters, in their units, shape ``[point]``.
    """

    name: str
    kind: str
    source: str
    label: str
    values: dict[str, np.ndarray]

    def to_record(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self) | {"values": {name: values.tolist() for name, values in self.values.items()}}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Curve":
        """Return what :meth:`to_record` has made plain."""
        values = {name: np.asarray(each, dtype=float) for name, each in record["values"].items()}
        return cls(record["name"], record["kind"], record["source"], record["label"], values)


def curves_on(model: Model, grid: Mapping[str, np.ndarray], overlays: Iterable[Overlay]) -> list[Curve]:
    """Overlays in the quantities of a map, each with a label that says where it assumes what the map does not.

    An assumption is the map's where each leaf of its name has that value and nothing free moves it.

    Parameters
    ----------
    model
        Of the map.
    grid
        Values of its gridded parameters by name.
    overlays
        The overlays.

    Raises
    ------
    ParameterError
        If the map is not one of two parameters, or an overlay is of other quantities.
    """
    overlays = tuple(overlays)
    if not overlays:
        return []
    if len(grid) != 2:
        raise ParameterError(f"Overlays are drawn over maps of two parameters, and this one is of {', '.join(grid)}.")
    units = {parameter.name: parameter.unit for parameter in model.parameters}
    held = _held(model)
    return [_curve(each, {name: units[name] for name in grid}, held) for each in overlays]


def _held(model: Model) -> dict[str, set[float]]:
    """Values of leaves that nothing free moves, by the last part of their paths."""
    free = {path for parameter in model.parameters for path in parameter.paths}
    held: dict[str, set[float]] = {}
    for path, leaf in settable_leaves(model.experiment).items():
        if leaf.shape == ():
            held.setdefault(path.rpartition(".")[2], set()).add(math.nan if path in free else float(leaf))
    return held


def _curve(overlay: Overlay, units: dict[str, str], held: Mapping[str, set[float]]) -> Curve:
    values = overlay.along(units)
    said = [] if overlay.kind == "observed limit" or overlay.kind in overlay.title else [overlay.kind]
    for name, value in overlay.assumptions.items():
        if not all(math.isclose(value, each, rel_tol=1e-5) for each in held.get(name, {math.nan})):
            said.append(f"{_SYMBOLS.get(name, name)} = {value:g}")
    label = f"{overlay.title} ({', '.join(said)})" if said else overlay.title
    return Curve(overlay.name, overlay.kind, overlay.source, label, values)


def reaches(curve: Curve, grid: Mapping[str, np.ndarray]) -> bool:
    """Whether a part of a curve is in the box of a map; straight between its points in the coordinates of the map."""
    from matplotlib.path import Path
    from matplotlib.transforms import Bbox

    with np.errstate(divide="ignore", invalid="ignore"):
        ways = {name: axis_coordinate(axis)[0] for name, axis in grid.items()}
        points = np.stack([ways[name](curve.values[name]) for name in grid], axis=1)
    corners = np.array([[ways[name](axis[end]) for name, axis in grid.items()] for end in (0, -1)])
    return bool(Path(points).intersects_bbox(Bbox(corners), filled=False))


def each_once(curves: Iterable[Curve]) -> list[Curve]:
    """Curves of several maps, each once: with the label that says most, which is so for one of the maps."""
    found: dict[tuple, Curve] = {}
    for curve in curves:
        key = (curve.name, *(tuple(curve.values[name]) for name in sorted(curve.values)))
        if key not in found or len(curve.label) > len(found[key].label):
            found[key] = curve
    return list(found.values())


def draw_curves(axis: "Axes", curves: Sequence[Curve], names: Sequence[str]) -> "list[Line2D]":
    """Draw curves over the contours of a map as thin lines, in a style for each kind; returns the lines.

    Parameters
    ----------
    axis
        Where.
    curves
        The curves.
    names
        Parameters on the horizontal and the vertical axis.
    """
    from matplotlib.patheffects import Normal, Stroke

    lines = []
    for number, curve in enumerate(curves):
        lines += axis.plot(
            *(curve.values[name] for name in names),
            color=_COLOURS[number % len(_COLOURS)],
            linestyle=_STYLES[curve.kind],
            linewidth=1.6,
            label=curve.label,
            zorder=3,
            # light around it, to be seen on what is dark
            path_effects=[Stroke(linewidth=3.4, foreground="white", alpha=0.85), Normal()],
        )
    return lines
