"""Photo-electrons counted one by one."""

import itertools

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import gammaln, xlogy

from cevnsjax.arrays import as_float, check_edges, check_positive, shown
from cevnsjax.errors import CevnsjaxError
from cevnsjax.response.photo_electron_efficiency import AbstractPhotoElectronEfficiency
from cevnsjax.response.response import AbstractResponse


def _whole_edges(edges_PE) -> tuple[int, ...]:
    edges = check_edges("edges_PE", edges_PE, "PE")
    if not np.all(good := (edges >= 0.0) & (edges % 1.0 == 0.0)):
        raise CevnsjaxError(f"edges_PE must be whole numbers of photo-electrons from zero, got {shown(edges, good)}.")
    return tuple(int(edge) for edge in edges)


class PoissonPhotoElectrons(AbstractResponse):
    """Poisson-distributed photo-electrons with mean light yield times E, an acceptance, and bins.

    n photo-electrons stand in the middle of the n-th bin of 1 PE, at n - 1/2: there the acceptance is evaluated, and
    that decides the bin. COHERENT CsI[Na] 2017, arXiv:1708.01294 and its data release arXiv:1804.09459: 13.348 PE/keV,
    acceptance 0.6655/(1 + exp(-0.4942 (x - 10.8507))) H(x - 5) with H = 1/2 from 5 to 6 PE.

    Attributes
    ----------
    edges_PE
        Bin edges, whole numbers of photo-electrons, ``bin + 1`` of them.
    light_yield_PE_per_keV
        Mean number of photo-electrons of an electron-equivalent keV.
    efficiency
        Acceptance; `SigmoidEfficiency` with its last coefficient zero is the 2017 one.
    turn_on_PE
        The acceptance is zero below this whole number and halved in the 1 PE above it; ``None`` for no such cut.
    """

    edges_PE: tuple[int, ...] = eqx.field(static=True, converter=_whole_edges)
    light_yield_PE_per_keV: Float[Array, ""] = eqx.field(converter=as_float)
    efficiency: AbstractPhotoElectronEfficiency
    turn_on_PE: int | None = eqx.field(static=True, default=None)

    def __check_init__(self):
        check_positive("light_yield_PE_per_keV", self.light_yield_PE_per_keV, "PE/keV")
        if self.turn_on_PE is not None and (self.turn_on_PE < 0 or self.turn_on_PE % 1):
            raise CevnsjaxError(f"turn_on_PE must be a whole number of photo-electrons, got {self.turn_on_PE}.")

    @property
    def unit(self) -> str:
        return "PE"

    @property
    def edges(self) -> Float[Array, " edge"]:
        return as_float(self.edges_PE)

    @property
    def bins(self) -> int:
        return len(self.edges_PE) - 1

    def kernel(self, ionisation_energy_keV: Float[Array, " node"]) -> Float[Array, "node bin"]:
        numbers = np.arange(self.edges_PE[0] + 1, self.edges_PE[-1] + 1, dtype=float)
        signals = numbers - 0.5
        acceptance = self.efficiency(as_float(signals))
        if self.turn_on_PE is not None:
            acceptance = acceptance * as_float(np.heaviside(np.floor(signals) - self.turn_on_PE, 0.5))
        positive = ionisation_energy_keV > 0.0
        mean = self.light_yield_PE_per_keV * jnp.where(positive, ionisation_energy_keV, 1.0)
        # counted from the mode of each n: every term stays small, in float32 too
        mode = as_float(xlogy(numbers, numbers) - numbers - gammaln(numbers + 1.0))
        ratio = mean[:, None] / as_float(numbers)[None, :]
        exponent = mode[None, :] + as_float(numbers)[None, :] * (jnp.log(ratio) - (ratio - 1.0))
        bins = itertools.pairwise(self.edges_PE)
        in_bin = np.stack([(signals > low) & (signals < high) for low, high in bins], axis=1)
        weight = acceptance[:, None] * as_float(in_bin)
        return jnp.where(positive[:, None], jnp.matmul(jnp.exp(exponent), weight, precision="highest"), 0.0)
