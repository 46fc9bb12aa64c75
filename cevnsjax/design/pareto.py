"""What a budget buys: the best design for each of several."""

from collections.abc import Callable, Sequence
from typing import Any

from cevnsjax.design.optimum import Optimum, optimise
from cevnsjax.design.study import Study
from cevnsjax.errors import ParameterError


def pareto_front(
    study: Study,
    budgets: Sequence[float],
    *,
    starts: int = 3,
    steps: int = 200,
    seed: int = 0,
    tell: Callable[[int, int], Any] | None = None,
) -> list[Optimum]:
    """Find the best design within each of several budgets: the Pareto front of cost and objective.

    Each begins where the one before ended, so that designs are followed; nothing is compiled anew.

    Parameters
    ----------
    study
        The study.
    budgets
        The budgets.
    starts, steps, seed
        See :func:`optimise`.
    tell
        What is told after each: how many budgets are done, and of how many.

    Raises
    ------
    CevnsjaxError
        If no design is within a budget.
    """
    if not len(budgets):
        raise ParameterError("A Pareto front needs at least one budget, got none.")
    front: list[Optimum] = []
    for number, budget in enumerate(budgets):
        begin = front[-1].values if front else None
        front.append(optimise(study.with_budget(budget), starts=starts, steps=steps, seed=seed, begin=begin))
        if tell is not None:
            tell(number + 1, len(budgets))
    return front
