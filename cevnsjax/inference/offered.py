"""What can be free in a fit, and under which name."""

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpyro.distributions as dist

from cevnsjax.errors import ParameterError
from cevnsjax.experiment import Experiment, Joint, is_settable, settable_leaves, unknown_number
from cevnsjax.parameter import Parameter


class Offered:
    """The parameters of a model, the nuisance parameters of an experiment, and the path of every other number.

    Attributes
    ----------
    parameters
        Those that have a name and a prior.
    leaves
        Leaves of the experiment that can be set, by path.
    """

    def __init__(self, model_parameters: Iterable[Parameter], prepared: Experiment | Joint | Any):
        """Offer the parameters of a model, and what an experiment that is prepared for it has."""
        self.parameters = {p.name: p for p in (*model_parameters, *prepared.nuisances)}
        self.leaves = settable_leaves(prepared)
        self._by_path = {p.paths[0]: p.name for p in self.parameters.values() if len(p.paths) == 1}

    def name(self, given: str) -> str:
        """Name of a parameter, or of the one whose only path is given, or else the path itself.

        Raises
        ------
        UnknownNameError
            If it is none of them; the message lists near matches.
        """
        if given in self.parameters:
            return given
        if given in self._by_path:
            return self._by_path[given]
        if self.has(given):
            return given
        raise unknown_number(given, {*self.parameters, *self.leaves})

    def has(self, path: str) -> bool:
        """Tell whether there is a number at a path."""
        return is_settable(self.leaves, path)

    def paths(self, given: str) -> tuple[str, ...]:
        """Paths of what is given by the name of a parameter or by a path."""
        name = self.name(given)
        return self.parameters[name].paths if name in self.parameters else (name,)

    def parameter(self, name: str, prior: dist.Distribution | None) -> Parameter:
        """The parameter of a name (:meth:`name`), with another prior if one is given; a path needs one.

        Raises
        ------
        ParameterError
            If it has none.
        """
        if name in self.parameters:
            offered = self.parameters[name]
            return offered if prior is None else dataclasses.replace(offered, prior=prior)
        if prior is None:
            raise ParameterError(
                f"{name!r} is the path of a number and no parameter with a prior of its own, so it needs one, like "
                f"--prior '{name}=Uniform(LOW, HIGH)'."
            )
        return Parameter(name, prior, name)
