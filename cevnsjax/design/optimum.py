"""The best design, by the gradient, from many starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float
from cevnsjax.design.study import Study
from cevnsjax.errors import CevnsjaxError, ParameterError
from cevnsjax.program import program
from cevnsjax.schedule import check_count

_TOLERANCE = 1e-8
"""Gain of a step, of the logarithm of the objective, below which a start has arrived."""
_OVER = 1e-6
"""Share of the budget that is rounding."""
_IMPOSSIBLE = 1e6
"""Loss where the objective is no number: a line search turns back there."""


@dataclass(frozen=True)
class Start:
    """Where the search from one design went.

    Attributes
    ----------
    path
        The objective after each step; a design on the way may cost more than the budget.
    values
        Values of the variables at its end.
    converged
        Whether it arrived, within the budget.
    """

    path: list[float]
    values: dict[str, float]
    converged: bool


@dataclass(frozen=True)
class Optimum:
    """The best design that was found, and the ways to it.

    Attributes
    ----------
    values
        Value of each variable, by name.
    objective, nominal
        The objective there, and of the nominal experiment whatever that costs.
    cost, nominal_cost
        What both cost.
    starts
        The way from each start, the first from the nominal design.
    evaluations
        How often the objective and its gradient were computed.
    """

    values: dict[str, float]
    objective: float
    nominal: float
    cost: float
    nominal_cost: float
    starts: tuple[Start, ...]
    evaluations: int


def optimise(
    study: Study,
    *,
    starts: int = 8,
    steps: int = 200,
    seed: int = 0,
    begin: Mapping[str, float] | None = None,
    tell: Callable[[int, int, float], Any] | None = None,
) -> Optimum:
    """Find the best design within the budget.

    SciPy's sequential quadratic programming (SLSQP) on shares of the ways between bounds, with the exact gradient:
    bounds and budget are constraints and not transforms or penalties, so a bound can be reached and left again.

    Parameters
    ----------
    study
        The study.
    starts
        How many starts: the nominal design and random ones.
    steps
        Most steps of each.
    seed
        Of the random starts.
    begin
        Where the first start is, by variable name: the nominal design where nothing is said.
    tell
        What is told after each step: how many starts are done, of how many, and the best objective so far.

    Raises
    ------
    CevnsjaxError
        If nothing depends on a variable, or no start arrives anywhere.
    """
    check_count("starts", starts)
    check_count("steps", steps)
    first = study.shares(study.design(begin))
    shares = np.vstack([first, np.random.default_rng(seed).random((starts - 1, first.size))])
    search = _Search(study, steps, tell, starts)
    found = [search.from_start(each) for each in shares]
    search.check_moves()
    arrived = [each for each in found if np.isfinite(each.path[-1]) and search.is_affordable(each.values)]
    if not arrived:
        raise CevnsjaxError("No start arrived at a design within the budget; narrow the bounds, or raise starts.")
    best = min(arrived, key=lambda each: -each.path[-1] if study.objective.larger_is_better else each.path[-1])
    here = as_float(study.nominal)
    return Optimum(
        best.values,
        best.path[-1],
        float(_judged(study, here)),
        float(study.cost(as_float(list(best.values.values())))),
        float(study.cost(here)),
        tuple(found),
        search.evaluations,
    )


class _Search:
    """What all starts share: how often the loss was computed, the best so far, and which slopes there were."""

    def __init__(self, study: Study, steps: int, tell: Callable[[int, int, float], Any] | None, starts: int):
        self.study, self.steps, self.tell, self.starts = study, steps, tell, starts
        self.evaluations = self.done = 0
        self.best = np.inf
        self.moves = np.zeros(len(study.variables), bool)

    def from_start(self, shares: np.ndarray) -> Start:
        """Search from one design."""
        from scipy.optimize import minimize  # imported where it is used: it is dear to start

        path: list[float] = []

        def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = (np.asarray(each, float) for each in _loss(self.study, as_float(at)))
            self.evaluations += 1
            if not (np.isfinite(value) and np.all(np.isfinite(slope))):
                return _IMPOSSIBLE, np.zeros_like(at)
            self.moves |= slope != 0.0
            if not path:
                path.append(float(value))
            return float(value), slope

        def after_step(intermediate_result: Any) -> None:
            path.append(_number(intermediate_result.fun))
            if self.is_within(intermediate_result.x):
                self.best = min(self.best, path[-1]) if np.isfinite(path[-1]) else self.best
            if self.tell is not None and np.isfinite(self.best):
                self.tell(self.done, self.starts, float(self.study.objective.value(self.best)))

        constraint = {
            "type": "ineq",
            "fun": lambda at: -float(_excess(self.study, as_float(at))[0]),
            "jac": lambda at: -np.asarray(_excess(self.study, as_float(at))[1], float),
        }
        limited = np.isfinite(float(self.study.budget))
        found: Any = minimize(
            loss,
            shares,
            jac=True,
            method="SLSQP",
            bounds=[(0.0, 1.0)] * shares.size,
            constraints=[constraint] if limited else [],
            callback=after_step,
            options={"maxiter": self.steps, "ftol": _TOLERANCE},
        )
        self.done += 1
        path.append(_number(found.fun))
        values = np.asarray(self.study.values(as_float(np.clip(found.x, 0.0, 1.0))), float)
        named = dict(zip(self.study.names, values.tolist(), strict=True))
        told = self.study.objective.value(np.array(path)).tolist()
        return Start(told, named, bool(found.success) and self.is_affordable(named))

    def is_within(self, shares: np.ndarray) -> bool:
        """Whether a design can be afforded."""
        return not float(_excess(self.study, as_float(shares))[0]) > _OVER

    def is_affordable(self, values: dict[str, float]) -> bool:
        """Whether a design can be afforded."""
        return not float(self.study.cost(as_float(list(values.values())))) > float(self.study.budget) * (1.0 + _OVER)

    def check_moves(self) -> None:
        """Refuse a variable that the objective depends on nowhere."""
        for name, moves in zip(self.study.names, self.moves, strict=True):
            if not moves:
                raise ParameterError(
                    f"Nothing that the objective sees depends on the design variable {name!r} between its bounds."
                )


def _number(loss: float) -> float:
    """A loss, not a number where the objective is none."""
    return float(loss) if loss < _IMPOSSIBLE else np.nan


@program
def _loss(study: Study, shares: Float[Array, " variable"]) -> tuple[Array, Array]:
    return jax.value_and_grad(study.loss)(shares)


@program
def _excess(study: Study, shares: Float[Array, " variable"]) -> tuple[Array, Array]:
    return jax.value_and_grad(study.excess)(shares)


@program
def _judged(study: Study, values: Float[Array, " variable"]) -> Float[Array, ""]:
    return study.judged(values)
