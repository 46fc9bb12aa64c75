"""Responses that are built from tables: mono-energetic templates, and the shape in a second observable."""

from collections.abc import Mapping, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import (
    Scalar,
    as_float,
    as_optional_float,
    check_distribution,
    check_finite,
    check_fraction,
    check_knots,
    check_not_negative,
    is_concrete,
)
from cevnsjax.errors import CevnsjaxError
from cevnsjax.response.response import AbstractResponse


class TemplateResponse(AbstractResponse):
    """Templates of mono-energetic deposits, linear in energy between them.

    Zero below the first energy (a step), constant above the last: choose the last above the end point of the spectrum.
    XENONnT gives such templates as functions of recoil energy (doi 10.5281/zenodo.20576156): they go with
    ``ConstantQuenching(1.0)``.

    Attributes
    ----------
    energies_keV
        Energies of the templates, keV, increasing, two or more, shape ``[energy]``.
    templates
        Probability of each bin, detection efficiency included, shape ``[energy, bin]``.
    """

    energies_keV: Float[Array, " energy"] = eqx.field(converter=as_float)
    templates: Float[Array, "energy bin"] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_knots("energies_keV", self.energies_keV, "keV", "templates", self.templates)
        if self.energies_keV.shape[0] < 2:
            raise CevnsjaxError(f"energies_keV must hold at least two energies, got {self.energies_keV.shape[0]}.")
        check_not_negative("templates", self.templates, "")
        if is_concrete(self.templates):
            check_fraction("the sum of templates over bins", np.asarray(self.templates).sum(axis=1))

    @property
    def unit(self) -> str:
        return ""

    @property
    def edges(self) -> Float[Array, " edge"]:
        return as_float(())

    @property
    def bins(self) -> int:
        return self.templates.shape[1]

    @property
    def tabulate(self) -> bool:
        return False  # kinks at the energies

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        return self.energies_keV

    def kernel(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node bin"]:
        lines = jax.vmap(jnp.interp, in_axes=(None, None, 1), out_axes=1)
        kernel = lines(ionisation_energy_keV, self.energies_keV, self.templates)
        seen = (ionisation_energy_keV >= self.energies_keV[0]) & (ionisation_energy_keV > 0.0)
        return jnp.where(seen[:, None], kernel, 0.0)


class SplitResponse(AbstractResponse):
    """Another response, each of its bins split by a second observable, like F90 in liquid argon.

    Bins are counted with the first observable slow and the second fast: ``first * number of seconds + second``.

    Attributes
    ----------
    response
        Response in the first observable.
    shapes
        Distribution of the second observable in each bin of the first, of any normalisation above zero (it is divided
        by its sum), shape ``[first, second]``.
    variation
        Change of the normalised shapes at +1 sigma, none by default; contents that it would make negative are zero.
    pull
        How many standard deviations to move; 0 nominally.
    """

    response: AbstractResponse
    shapes: Float[Array, "first second"] = eqx.field(converter=as_float)
    variation: Float[Array, "first second"] | None = eqx.field(converter=as_optional_float, default=None)
    pull: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        check_distribution("shapes", self.shapes)
        if self.shapes.shape[0] != self.response.bins:
            raise CevnsjaxError(
                f"shapes needs one row for each bin of the response: got {self.shapes.shape[0]} rows for "
                f"{self.response.bins} bins."
            )
        if self.variation is not None:
            check_finite("variation", self.variation, "")
            if self.variation.shape != self.shapes.shape:
                raise CevnsjaxError(
                    f"variation must have the shape {self.shapes.shape} of shapes, got {self.variation.shape}."
                )
        check_finite("pull", self.pull, "standard deviations")

    @property
    def unit(self) -> str:
        return self.response.unit

    @property
    def edges(self) -> Float[Array, " edge"]:
        return self.response.edges

    @property
    def bins(self) -> int:
        return self.shapes.size

    @property
    def kept_edges(self) -> Float[Array, " edge"]:
        return self.response.kept_edges

    def tabulated(self, largest_energy_keV: Scalar, free: Sequence[str]) -> "SplitResponse":
        within = [path.removeprefix("response.") for path in free if path.startswith("response.")]
        return eqx.tree_at(lambda s: s.response, self, self.response.tabulated(largest_energy_keV, within))

    def columns(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node column"]:
        return self.response.columns(ionisation_energy_keV)

    def binned(self, columns: Float[Array, "row column"]) -> Float[Array, "row bin"]:
        return self._split(self.response.binned(columns))

    def resolved(self, columns: np.ndarray) -> bool:
        return self.response.resolved(columns)

    def reaches(self) -> bool:
        return self.response.reaches()

    def separated(self, ranges: Mapping[str, tuple[float, float]]) -> "SplitResponse | None":
        within = {path.removeprefix("response."): ends for path, ends in ranges.items() if path != "pull"}
        response = self.response.separated(within)
        return None if response is None else eqx.tree_at(lambda s: s.response, self, response)

    @property
    def kinks_keV(self) -> Float[Array, " kink"]:
        return self.response.kinks_keV

    @property
    def fractions(self) -> Float[Array, "first second"]:
        """P(second | bin of the first): rows of ``shapes`` that add up to one."""
        fractions = self.shapes / self.shapes.sum(axis=1, keepdims=True)
        if self.variation is None:
            return fractions
        moved = jnp.maximum(fractions + self.pull * self.variation, 0.0)
        return moved / moved.sum(axis=1, keepdims=True)

    def kernel(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node bin"]:
        return self._split(self.response.kernel(ionisation_energy_keV))

    def fold(
        self, events: Float[Array, "row node"], ionisation_energy_keV: Float[Array, " node"]
    ) -> Float[Array, "row bin"]:
        return self._split(self.response.fold(events, ionisation_energy_keV))

    def _split(self, rows: Float[Array, "row first"]) -> Float[Array, "row bin"]:
        return (rows[:, :, None] * self.fractions[None, :, :]).reshape(rows.shape[0], -1)
