"""The worst of several hypotheses: a design that is good whichever of them is true."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_floats
from cevnsjax.design.objective import AbstractObjective
from cevnsjax.errors import ParameterError
from cevnsjax.inference import Model
from cevnsjax.paths import set_paths

_SHARPNESS = 1e3


class WorstCase(AbstractObjective):
    """Another objective where the worst of several hypotheses is true.

    The largest of its losses, rounded off so that it has a slope where two are equal: by at most ln(n)/1000 for n.

    Attributes
    ----------
    of
        The objective.
    hypotheses
        Values of leaves by path, one for each hypothesis.
    """

    of: AbstractObjective
    hypotheses: dict[str, Float[Array, " hypothesis"]] = eqx.field(converter=as_floats)

    def __check_init__(self):
        numbers = {path: values.shape for path, values in self.hypotheses.items()}
        if not numbers or len(set(numbers.values())) > 1 or any(len(shape) != 1 for shape in numbers.values()):
            raise ParameterError(f"hypotheses must have one value each at every path, got shapes {numbers}.")

    def __call__(self, model: Model) -> Scalar:
        losses = self.losses(model)
        worst = jax.nn.logsumexp(_SHARPNESS * losses) / _SHARPNESS
        signed = -worst if self.larger_is_better else worst
        return signed if self.is_logarithm else jnp.exp(signed)

    def losses(self, model: Model) -> Float[Array, " hypothesis"]:
        """Loss of each hypothesis."""

        def loss(values: dict[str, Scalar]) -> Scalar:
            experiment = set_paths(model.experiment, list(values), list(values.values()))
            return self.of.loss(eqx.tree_at(lambda m: m.experiment, model, experiment))

        return jax.vmap(loss)(self.hypotheses)

    def prepared(self, model: Model) -> "WorstCase":
        return WorstCase(self.of.prepared(model), self.hypotheses)

    @property
    def label(self) -> str:
        return f"worst {self.of.label}"

    @property
    def larger_is_better(self) -> bool:
        return self.of.larger_is_better

    @property
    def is_logarithm(self) -> bool:
        return self.of.is_logarithm
