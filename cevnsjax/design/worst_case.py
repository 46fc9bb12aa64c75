"""The worst of several hypotheses: a design that is good whichever of them is true."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float
from cevnsjax.design.objective import AbstractObjective
from cevnsjax.errors import ParameterError
from cevnsjax.experiment import Experiment, Joint
from cevnsjax.inference import Model
from cevnsjax.paths import get_path, set_paths
from cevnsjax.quenching import AbstractQuenching, OneOf

_SHARPNESS = 1e3


def _as_hypotheses(values: Mapping[str, Any]) -> dict[str, Any]:
    return {path: tuple(each) if _are_models(each) else as_float(each) for path, each in values.items()}


def _are_models(values: Any) -> bool:
    return isinstance(values, Sequence) and any(isinstance(each, AbstractQuenching) for each in values)


class WorstCase(AbstractObjective):
    """Another objective where the worst of several hypotheses is true.

    The largest of its losses, rounded off so that it has a slope where two are equal: by at most ln(n)/1000 for n.

    Attributes
    ----------
    of
        The objective.
    hypotheses
        Values of leaves by path, or quenchings of any class by the path of the quenching, one for each hypothesis.
    """

    of: AbstractObjective
    hypotheses: dict[str, Float[Array, " hypothesis"] | tuple[AbstractQuenching, ...]] = eqx.field(
        converter=_as_hypotheses
    )

    def __check_init__(self):
        shapes = {path: (len(v),) if isinstance(v, tuple) else v.shape for path, v in self.hypotheses.items()}
        if not shapes or len(set(shapes.values())) > 1 or any(len(shape) != 1 for shape in shapes.values()):
            raise ParameterError(f"hypotheses must have one value each at every path, got shapes {shapes}.")
        for path, models in self.hypotheses.items():
            if isinstance(models, tuple) and not all(isinstance(each, AbstractQuenching) for each in models):
                raise ParameterError(f"hypotheses at {path!r} must be all numbers, or all quenchings.")

    def __call__(self, model: Model) -> Scalar:
        losses = self.losses(model)
        worst = jax.nn.logsumexp(_SHARPNESS * losses) / _SHARPNESS
        signed = -worst if self.larger_is_better else worst
        return signed if self.is_logarithm else jnp.exp(signed)

    def losses(self, model: Model) -> Float[Array, " hypothesis"]:
        """Loss of each hypothesis, all of them numbers."""

        def loss(values: dict[str, Any]) -> Scalar:
            experiment = set_paths(model.experiment, list(values), list(values.values()))
            return self.of.loss(eqx.tree_at(lambda m: m.experiment, model, experiment))

        return jax.vmap(loss)(self.hypotheses)

    def prepared(self, model: Model) -> "WorstCase":
        return WorstCase(self.of.prepared(model), self.hypotheses)

    def in_numbers(self, experiment: Any) -> tuple["WorstCase", Any]:
        """Return the same with numbers for all hypotheses, and the experiment that has these.

        Where hypotheses are quenchings, its quenching becomes `OneOf` them, at the first. Nuisance parameters of the
        quenching that was there are none of theirs.

        Raises
        ------
        CevnsjaxError
            If there is no quenching at a path.
        """
        numbers = dict(self.hypotheses)
        for path, models in self.hypotheses.items():
            if isinstance(models, tuple):
                if not isinstance(get_path(experiment, path), AbstractQuenching):
                    raise ParameterError(
                        f"Hypotheses at {path!r} must be numbers: only a quenching can be another one."
                    )
                experiment = _with_quenching(experiment, path, OneOf(models))
                del numbers[path]
                numbers[f"{path}.choice"] = as_float(np.arange(len(models)))
        return WorstCase(self.of, numbers), experiment

    @property
    def label(self) -> str:
        return f"worst {self.of.label}"

    @property
    def larger_is_better(self) -> bool:
        return self.of.larger_is_better

    @property
    def is_logarithm(self) -> bool:
        return self.of.is_logarithm


def _with_quenching(experiment: Experiment | Joint, path: str, quenching: AbstractQuenching) -> Experiment | Joint:
    """An experiment, or one of several, with another quenching."""
    if isinstance(experiment, Joint):
        changed = path.removeprefix("experiments.").removesuffix(".quenching")
        parts = experiment.parts
        return Joint(
            {**parts, changed: _with_quenching(parts[changed], "quenching", quenching)},  # pyright: ignore
            experiment.shared,
        )
    others = tuple(p for p in experiment.nuisances if not any(each.startswith("quenching.") for each in p.paths))
    return dataclasses.replace(experiment, quenching=quenching, nuisances=others)
