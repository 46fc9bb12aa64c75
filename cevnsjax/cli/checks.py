"""Predictions that cannot be used are refused before anything is fitted or printed."""

from typing import TYPE_CHECKING

import numpy as np

from cevnsjax.errors import ParameterError

if TYPE_CHECKING:
    from cevnsjax.inference import Model


def check_counts(name: str, counts: np.ndarray) -> None:
    """Refuse expected counts that are negative (beyond rounding) or not finite.

    Raises
    ------
    ParameterError
        If there are any.
    """
    # an empty bin may come out at minus the rounding error of what the other bins hold
    rounding = 1e-6 * np.abs(counts).max(initial=1.0)
    if not np.all(np.isfinite(counts)) or np.any(counts < -rounding):
        raise ParameterError(
            f"The expected counts of {name!r} are negative or not finite with these values; change what --set gives."
        )


def check_start(model: "Model") -> None:
    """Refuse settings that give no prediction, before anything is fitted.

    Raises
    ------
    ParameterError
        If expected counts are negative or not finite.
    """
    from cevnsjax.inference.predictions import predictions

    values = {name: np.asarray(value)[None] for name, value in model.reference_values.items()}
    parts = predictions(model.reaching(values), values, lambda at: at.expected)
    for name, part in model.experiment.parts.items():
        for sample, counts in zip(part.samples, parts[name][0], strict=True):
            check_counts(f"{sample} sample", counts)
