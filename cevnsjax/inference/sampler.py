"""What a sampler is: chains that start somewhere, and advance."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import equinox as eqx
import numpy as np

from cevnsjax.inference.journal import Keep
from cevnsjax.inference.model import Model
from cevnsjax.inference.solver import Evaluate
from cevnsjax.schedule import Schedule

Progress = Callable[[str, int, int, str], None]
"""Called with a stage, how much of it is done and is to do, and what else there is to say."""

BLOCK = 25
"""Draws between two looks at the keyboard."""

FEWEST_DRAWS = 4 * BLOCK
"""Of each chain, where their number is not given."""

Statistics = dict[str, np.ndarray]
"""``diverging``, ``steps``, ``acceptance_rate`` and ``potential_energy`` of every draw, shape ``[chain, draw]``."""


class AbstractSampler(eqx.Module):
    """A way to sample the posterior of a model with many chains side by side.

    A block of draws is one program, compiled once, with the model's arrays and the data as arguments: other data of the
    same shape compile nothing. Blocks are short, so that a progress bar moves and an interrupted run keeps what it has.
    """

    @property
    @abstractmethod
    def warmup(self) -> int:
        """Draws of the warm-up, where nobody says how many."""

    @abstractmethod
    def start(self, model: Model, data: Any, key, schedule: Schedule, progress: Progress, keep: Keep) -> Any:
        """Adapt, and return the state of all chains.

        Parameters
        ----------
        model
            What to sample.
        data
            What was observed; see :meth:`Model.data`.
        key
            Random key.
        schedule
            How long.
        progress
            Called after every block.
        keep
            How the results of a step are come by (:class:`~cevnsjax.inference.journal.Journal`).

        Raises
        ------
        ParameterError
            If the posterior density is not finite at most draws from the prior.
        """

    @abstractmethod
    def advance(self, model: Model, data: Any, state: Any, keep: Keep) -> tuple[Any, np.ndarray, Statistics]:
        """Move all chains by a block: the new state, latent positions ``[chain, draw, parameter]``, and statistics."""

    def objective(self, model: Model, data: Any, chains: int) -> Evaluate | None:
        """What a maximum of the density is one of, by the sampler's own compiled program, if that can tell."""
        return None

    def note(self, state: Any) -> str:
        """What there is to say about a state while it advances."""
        return ""
