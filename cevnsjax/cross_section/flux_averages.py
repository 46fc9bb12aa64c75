"""Cross sections of neutrinos on nuclei as they were measured: averaged over a flux."""

import functools
import math
from dataclasses import dataclass

from cevnsjax.tables import read_table

_NUMBERS = ("measured", "statistical_up", "statistical_down", "systematic", "theory_low", "theory_high")


@dataclass(frozen=True)
class FluxAverage:
    """A measured flux-averaged cross section per nucleus, all numbers in 1e-42 cm^2.

    Attributes
    ----------
    target, reaction
        The nuclide, and what becomes of it.
    flux, experiment
        Over what it is averaged (``"pion decay at rest"``: those of its neutrinos that the reaction names), and who
        measured it.
    measured
        The cross section.
    statistical_up, statistical_down, systematic
        Its errors; a total error stands as the statistical one.
    theory_low, theory_high
        Between what calculations quoted beside it lie; both zero where none is quoted.
    """

    target: str
    reaction: str
    flux: str
    experiment: str
    measured: float
    statistical_up: float
    statistical_down: float
    systematic: float
    theory_low: float
    theory_high: float

    def distance(self, value: float) -> float:
        """Standard deviations from the measurement up to a value in 1e-42 cm^2, errors in quadrature."""
        statistical = self.statistical_up if value > self.measured else self.statistical_down
        return (value - self.measured) / math.hypot(statistical, self.systematic)

    def __str__(self) -> str:
        errors = f"+- {self.statistical_up:g}"
        if self.statistical_up != self.statistical_down:
            errors = f"+{self.statistical_up:g} -{self.statistical_down:g}"
        if self.systematic > 0.0:
            errors += f" +- {self.systematic:g}"
        text = f"{self.reaction}, {self.flux}: {self.measured:g} {errors} in 1e-42 cm^2 ({self.experiment})"
        if self.theory_high == 0.0:
            return text
        spread = f" to {self.theory_high:g}" if self.theory_high > self.theory_low else ""
        return f"{text}, theory {self.theory_low:g}{spread}"


@functools.cache
def flux_averaged_measurements() -> tuple[FluxAverage, ...]:
    """Return what was measured at low energies.

    J. A. Formaggio and G. P. Zeller, Rev. Mod. Phys. 84, 1307 (2012), and 127I by COHERENT.
    """
    names = ("target", "reaction", "flux", "experiment")
    numbers = tuple(f"{name}_1e42cm2" for name in _NUMBERS)
    table = read_table("nuclear/flux_averages.csv", columns=(*names, *numbers), text_columns=names)
    texts, values = ([table[column].tolist() for column in columns] for columns in (names, numbers))
    return tuple(FluxAverage(*row) for row in zip(*texts, *values, strict=True))
