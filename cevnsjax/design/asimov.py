"""Objectives that compare two hypotheses with the data that one of them expects: significances and limits.

G. Cowan, K. Cranmer, E. Gross, O. Vitells, Eur. Phys. J. C 71, 1554 (2011): the median of a test is that of the
Asimov data.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import ndtri

from cevnsjax.arrays import Scalar, as_float, as_optional_float
from cevnsjax.design.objective import AbstractObjective, check_free
from cevnsjax.design.profiled import Profiled
from cevnsjax.errors import CevnsjaxError, ParameterError
from cevnsjax.inference import Model
from cevnsjax.inference.limits import default_null
from cevnsjax.inference.profile import check_value
from cevnsjax.program import program

_GRID = 49
_DECADES = 12.0
"""Of distances from the null among which a limit is sought first, down from the farthest that a prior allows."""
_SMALLEST = 1e-12
"""Smallest statistic, at which a significance still has a slope."""


class AsimovSignificance(AbstractObjective):
    """Expected significance with which a null is excluded if the experiment's values are true, standard deviations.

    sqrt(2 (f(null) - f(true))), with f minus the log-likelihood of the data that the true values expect, everything
    else fitted (Eq. 30 of the paper).

    Attributes
    ----------
    parameters
        The one parameter, by name.
    null
        Its value if there is nothing.
    """

    parameters: tuple[str, ...] = eqx.field(static=True, converter=tuple)
    null: Scalar = eqx.field(converter=as_float, default=0.0)

    def __call__(self, model: Model) -> Scalar:
        name = self.parameters[0]
        true = model.reference_values[name]
        profile = Profiled.of_expected(model, name, true)
        values = jnp.stack([true, self.null])
        least = profile(values, profile.fitted(values)[1])
        return jnp.sqrt(jnp.maximum(2.0 * (least[1] - least[0]), _SMALLEST))

    def prepared(self, model: Model) -> "AsimovSignificance":
        name = _only(self.parameters, model)
        true = float(model.reference_values[name])
        if true == float(self.null):
            raise ParameterError(
                f"The significance of {name!r} needs a true value beside the null {true:g}; give one with --set."
            )
        return self

    @property
    def label(self) -> str:
        return f"significance of {self.parameters[0]} against {float(self.null):g} (sd)"

    @property
    def larger_is_better(self) -> bool:
        return True

    @property
    def is_logarithm(self) -> bool:
        return False


class ExpectedLimit(AbstractObjective):
    """Expected upper limit of a parameter: the median if there is nothing, from Asimov data.

    Attributes
    ----------
    parameters
        The one parameter, by name.
    level
        Confidence level.
    null
        Its value if there is nothing; zero, or the lower end of a prior that does not hold it, if none is given.
    with_cls
        Whether it is that of CLs, or of the p-value itself.
    start
        Logarithm of the distance from the null to where it is sought: :meth:`prepared` finds it.
    """

    parameters: tuple[str, ...] = eqx.field(static=True, converter=tuple)
    level: float = eqx.field(static=True, default=0.9)
    null: Scalar | None = eqx.field(converter=as_optional_float, default=None)
    with_cls: bool = eqx.field(static=True, default=True)
    start: Scalar | None = eqx.field(converter=as_optional_float, default=None)

    def __check_init__(self):
        if not 0.0 < self.level < 1.0:
            raise ParameterError(f"level must lie between 0 and 1, got {self.level}.")

    def __call__(self, model: Model) -> Scalar:
        assert self.start is not None
        assert self.null is not None
        null = self.null
        profile = Profiled.of_expected(model, self.parameters[0], null)
        wanted = jnp.log(as_float(self._wanted))

        def moved(values: Float[Array, "2"], found: Float[Array, "2"], slopes: Float[Array, "2"]) -> Float[Array, "2"]:
            """A step of Newton's to the limit: the logarithm of the statistic is nearly a straight line in it."""
            distance, drop = values[1] - null, jnp.maximum(2.0 * (found[1] - found[0]), _SMALLEST)
            change = (wanted - jnp.log(drop)) * drop / (2.0 * slopes[1] * distance)
            return jnp.stack([null, null + distance * jnp.exp(jnp.clip(change, -1.0, 1.0))])

        start = jnp.stack([null, null + jnp.exp(self.start)])
        values, latents = profile.fitted(start, moved)
        # a last step, for its derivative
        found, slopes = jax.jvp(lambda v: profile(v, latents), (values,), (jnp.array([0.0, 1.0]).astype(values.dtype),))
        excess = 2.0 * (found[1] - found[0]) - self._wanted
        return values[1] - excess / jax.lax.stop_gradient(2.0 * slopes[1])

    @property
    def _wanted(self) -> float:
        """Statistic at the limit, of which the null has none: the median of CLs has p-values twice as large."""
        return float(ndtri((1.0 - self.level) * (0.5 if self.with_cls else 1.0)) ** 2)

    def prepared(self, model: Model) -> "ExpectedLimit":
        name = _only(self.parameters, model)
        parameter = model.parameters[model.names.index(name)]
        prior: Any = parameter.prior
        null = default_null(parameter) if self.null is None else check_value(parameter, float(self.null), "The null")
        farthest = float(getattr(prior.support, "upper_bound", parameter.quantile(1.0 - 1e-9))) - null
        distances = farthest * np.logspace(-_DECADES, 0.0, _GRID)
        drops = np.asarray(_drops(model, name, as_float(null + np.append(0.0, distances))))[1:]
        above = np.flatnonzero(drops >= self._wanted)
        if not above.size:
            raise CevnsjaxError(f"The expected limit of {name!r} lies beyond the end of its prior; widen the prior.")
        if not above[0]:
            raise CevnsjaxError(f"The expected limit of {name!r} is closer to its null {null:g} than can be told.")
        around = np.maximum(np.nan_to_num(drops[above[0] - 1 : above[0] + 1]), _SMALLEST)
        at = np.interp(np.log(self._wanted), np.log(around), [-1.0, 0.0])
        logarithm = np.log(distances[above[0]]) + at * np.log(distances[1] / distances[0])
        return ExpectedLimit(self.parameters, self.level, null, self.with_cls, logarithm)

    @property
    def label(self) -> str:
        return f"expected {100 * self.level:g} % limit of {self.parameters[0]}"

    @property
    def larger_is_better(self) -> bool:
        return False

    @property
    def is_logarithm(self) -> bool:
        return False


@program
def _drops(model: Model, name: str, values: Float[Array, " value"]) -> Float[Array, " value"]:
    """Twice the drop of the log-likelihood of what the first value expects, from that to each value."""
    profile = Profiled.of_expected(model, name, values[0])
    least = profile(values, profile.fitted(values)[1])
    return 2.0 * (least - least[0])


def _only(names: tuple[str, ...], model: Model) -> str:
    """The one name that there may be."""
    check_free(names, model)
    name, *others = names
    if others:
        raise ParameterError(f"Significances and limits are of one parameter, got {', '.join(names)}.")
    return name
