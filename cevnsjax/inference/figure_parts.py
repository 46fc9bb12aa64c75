"""What figures of posteriors have in common: which parameters, priors, the Standard Model, intervals, legends."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment.plots import BAND_COLOUR, SIGNAL_COLOUR
from cevnsjax.inference.diagnostics import highest_density_bands
from cevnsjax.inference.drawn import Drawn, Quantity, Scale
from cevnsjax.inference.posterior import Posterior

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (BAND_COLOUR, "#e76f51", "#2a9d8f", "#8c6bb1", "#b5a642", "#7f8fa6")
"""Of posteriors in one figure, in their order."""
PRIOR_COLOUR, STANDARD_MODEL_COLOUR = "#7f8fa6", SIGNAL_COLOUR


def drawn(posteriors: Posterior | Drawn | Sequence[Posterior | Drawn]) -> list[Drawn]:
    """What figures show of one posterior or of several."""
    several = [posteriors] if isinstance(posteriors, Posterior | Drawn) else list(posteriors)
    return [Drawn.of(each) if isinstance(each, Posterior) else each for each in several]


def common_choice(each: Sequence[Drawn], names: Sequence[str] | None, most: int) -> tuple[list[str], list[str]]:
    """Names of what is drawn of all posteriors, and of the parameters of any that are left out.

    Raises
    ------
    CevnsjaxError
        If one has no parameter of a name, or there is none that all have.
    """
    if names is None:
        common = [name for name in each[0].choose(None, len(each[0].quantities))[0]]
        common = [name for name in common if all(name in other.quantities for other in each)]
        if not common:
            titles = "; ".join(one.title for one in each)
            raise CevnsjaxError(f"These posteriors have no parameter in common: {titles}.")
        names = common[:most]
    choices = [one.choose(names, most) for one in each]
    return choices[0][0], list(dict.fromkeys(name for _, left in choices for name in left))


def standard_model_line() -> dict[str, Any]:
    """How the value of the Standard Model is drawn."""
    return {"color": STANDARD_MODEL_COLOUR, "linestyle": "--", "linewidth": 1.4}


def dress_marginal(axis: "Axes", quantity: Quantity, scale: Scale) -> None:
    """Draw the prior and the value of the Standard Model into the panel of one quantity."""
    low, high = axis.get_xlim()
    if quantity.prior is not None:
        places = np.linspace(low, high, 400)
        axis.plot(places, scale.density(quantity.prior, places), color=PRIOR_COLOUR, linestyle=":", linewidth=1.6)
    if quantity.standard_model is not None:
        axis.axvline(float(scale.values(quantity.standard_model)), **standard_model_line())
    axis.set_xlim(low, high)
    axis.autoscale(axis="y")
    axis.set_ylim(bottom=0.0)


def shade(axis: "Axes", bands: Sequence[Sequence[float]]) -> None:
    """Shade intervals in the panel of one quantity."""
    for low, high in bands:
        axis.axvspan(low, high, color=BAND_COLOUR, alpha=0.12, linewidth=0)


def intervals(values: np.ndarray) -> list[list[float]]:
    """The central 68 %, or the intervals of highest density where that region falls apart."""
    bands = highest_density_bands(values, 0.68)
    return bands if len(bands) > 1 else [np.quantile(values, [0.16, 0.84]).tolist()]


def value_text(values: np.ndarray, intervals: Sequence[Sequence[float]]) -> str:
    """Median and distances to the ends of its interval, or separated intervals."""
    narrowest = min(end - begin for begin, end in intervals)
    form = f"z.{int(np.clip(1 - np.floor(np.log10(max(narrowest, 1e-8) / 2.0)), 0, 8))}f"
    if len(intervals) > 1:
        return " or\n".join(f"[{begin:{form}}, {end:{form}}]" for begin, end in intervals)
    ((low, high),) = intervals
    middle = float(np.median(values))
    return f"${middle:{form}}^{{+{high - middle:{form}}}}_{{-{middle - low:{form}}}}$"


def legend_handles(each: Sequence[Drawn], quantities: Sequence[Quantity], credible: str) -> dict[str, Any]:
    """What a legend of posteriors names: each of them, priors, and the Standard Model where it has a value."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: dict[str, Any] = {}
    if len(each) == 1:
        handles[credible] = Patch(color=BAND_COLOUR, alpha=0.6)
    else:
        for one, colour in zip(each, COLOURS * len(each), strict=False):
            title, number = one.title, 2
            while title in handles:
                title, number = f"{one.title} ({number})", number + 1
            handles[title] = Patch(color=colour, alpha=0.6)
    if any(quantity.prior is not None for quantity in quantities):
        handles["prior"] = Line2D([], [], color=PRIOR_COLOUR, linestyle=":", linewidth=1.6)
    if any(quantity.standard_model is not None for quantity in quantities):
        handles["Standard Model"] = Line2D([], [], **standard_model_line())
    return handles
