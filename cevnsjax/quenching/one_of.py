"""Several quenchings of which one is true."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_not_negative, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.quenching.quenching import AbstractQuenching


class OneOf(AbstractQuenching):
    """One of several quenchings, by its number: hypotheses of different classes.

    E_ee = sum_i max(0, 1 - abs(choice - i)) E_i: a whole number chooses one, others lie between neighbours.

    Attributes
    ----------
    models
        The quenchings.
    choice
        Number of the one that is true, from 0.
    """

    models: tuple[AbstractQuenching, ...] = eqx.field(converter=tuple)
    choice: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        if not self.models or not all(isinstance(each, AbstractQuenching) for each in self.models):
            raise CevnsjaxError("models must be quenchings, one or more.")
        check_not_negative("choice", self.choice, "")
        if is_concrete(self.choice) and float(self.choice) > len(self.models) - 1:
            raise CevnsjaxError(f"choice must be that of one of {len(self.models)} models, got {float(self.choice):g}.")

    def __call__(self, recoil_energy_keV: Float[Array, "*node"]) -> Float[Array, "*node"]:
        energy = jnp.zeros_like(recoil_energy_keV)
        for number, model in enumerate(self.models):
            energy = energy + jnp.maximum(1.0 - jnp.abs(self.choice - number), 0.0) * model(recoil_energy_keV)
        return energy


def alternatives(quenching: AbstractQuenching) -> tuple[AbstractQuenching, ...]:
    """All that a quenching may turn out to be: the models of a `OneOf`, any other itself."""
    return quenching.models if isinstance(quenching, OneOf) else (quenching,)
