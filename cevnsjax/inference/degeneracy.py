"""Directions that neither data nor priors constrain, in words."""

from collections.abc import Sequence

import numpy as np

from cevnsjax.errors import CevnsjaxError

_SMALLEST = {np.dtype(np.float64): 1e-11, np.dtype(np.float32): 1e-5}
"""Smallest eigenvalue of a correlation that is not rounding."""
_LEAST = 0.05
"""Share of a direction below which a parameter is not named."""


def check_constrained(information, names: Sequence[str]) -> None:
    """Refuse an information matrix that has no inverse.

    Parameters
    ----------
    information
        Shape ``[parameter, parameter]``; see :func:`cevnsjax.inference.fisher_information`.
    names
        Of the parameters.

    Raises
    ------
    CevnsjaxError
        If so, with the direction that nothing constrains.
    """
    smallest = _SMALLEST[np.asarray(information).dtype]
    matrix = np.asarray(information, float)
    widths = np.diag(matrix)
    bad = [name for name, row in zip(names, matrix, strict=True) if not np.all(np.isfinite(row))]
    if bad:
        raise CevnsjaxError(
            f"The information about {', '.join(bad)} is not finite: a bin that must stay empty is filled."
        )
    blind = [name for name, width in zip(names, widths, strict=True) if not width > 0.0]
    if blind:
        raise CevnsjaxError(
            f"Nothing expected moves with {' or '.join(blind)} where it is, to first order, and no prior constrains "
            "it; move it with --set, fix it, or ask for a limit."
        )
    units = 1.0 / np.sqrt(widths)
    sizes, directions = np.linalg.eigh(matrix * np.outer(units, units))
    if sizes[0] > smallest * len(names):
        return
    direction = directions[:, 0] * units
    shares = np.abs(directions[:, 0])
    named = [i for i, share in enumerate(shares) if share > _LEAST * shares.max()]
    ratio = " : ".join(f"{direction[i] / direction[named[0]]:.3g}" for i in named)
    raise CevnsjaxError(
        f"Neither data nor priors constrain gains of {' and '.join(names[i] for i in named)} in the ratio {ratio}; "
        "fix one of them, or give it a prior that constrains it."
    )
