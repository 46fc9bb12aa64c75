"""ALPs at a detector: emitted by nuclei, decaying on their way."""

from abc import abstractmethod
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_positive, gauss_legendre, is_concrete
from cevnsjax.constants import ELEMENTARY_CHARGE_C
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.alp_emission import NuclearLine
from cevnsjax.flux.boson_source import AbstractBosonSource
from cevnsjax.flux.detector_geometry import AbstractDetectorGeometry
from cevnsjax.flux.interpolated import InterpolatedSpectra
from cevnsjax.flux.paths import one_path
from cevnsjax.particle import Alp

_MEV_PER_MW_S = 1.0 / ELEMENTARY_CHARGE_C
_PER_S_PER_GCI = 3.7e19


class AbstractAlpSource(AbstractBosonSource):
    """A source of ALPs that nuclei emit, whose lines have a true width."""

    particles: ClassVar[str] = "axion-like particles"

    boson: eqx.AbstractVar[Alp]
    """The particle, with its couplings to nucleons."""

    @abstractmethod
    def spectral_density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        """Energy spectrum of each component with its lines in their true width, normalised to one ALP, MeV^-1."""


class AlpFlux(AbstractAlpSource):
    """ALPs from transitions of nuclei.

    Fluence = events/s x exposure x photons per event x Gamma_a/Gamma_gamma x the mean of exp(-r/l)/(4 pi r^2), for each
    transition; an ALP that is heavier than it is not emitted.

    Attributes
    ----------
    boson
        The particle, which has couplings to nucleons.
    transitions
        The transitions by name: the components, in alphabetical order.
    events_per_s
        Fissions per second (:func:`fissions_per_s`), or protons on target per second.
    exposure_s
        How long it is seen, s.
    geometry
        Where the detector stands.
    norm
        Ratio of the flux to its prediction (1 nominally).
    """

    components: tuple[str, ...] = eqx.field(static=True, init=False)
    boson: Alp
    transitions: dict[str, NuclearLine]
    events_per_s: Float[Array, ""] = eqx.field(converter=as_float)
    exposure_s: Float[Array, ""] = eqx.field(converter=as_float)
    geometry: AbstractDetectorGeometry
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __post_init__(self):
        self.components = tuple(sorted(self.transitions))

    def __check_init__(self):
        if not self.transitions:
            raise CevnsjaxError("transitions must name at least one transition, got none.")
        check_positive("events_per_s", self.events_per_s, "s^-1")
        check_positive("exposure_s", self.exposure_s, "s")
        check_positive("norm", self.norm, "")

    @property
    def energy_MeV(self) -> Float[Array, " component"]:
        """Energy of each line, MeV."""
        return jnp.stack([line.energy_MeV for line in self._lines])

    @property
    def branching_ratio(self) -> Float[Array, " component"]:
        """Gamma_a/Gamma_gamma of each transition."""
        return jnp.stack([line.emission.branching_ratio(self.boson, line.energy_MeV) for line in self._lines])

    @property
    def photons_per_s(self) -> Float[Array, " component"]:
        """Photons of each transition, s^-1."""
        return self.events_per_s * jnp.stack([line.photons_per_event for line in self._lines])

    @property
    def activity_GCi(self) -> Float[Array, " component"]:
        """Photons of each transition, in units of 3.7e19 per second.

        0.61 (hydrogen) and 0.68 (boron), which a talk of B. Dutta (2024) writes beside a core of 1 MW, are those of 2.9
        GW: a core of 1 MW has 2.1e-4 and 2.4e-4.
        """
        return self.photons_per_s / _PER_S_PER_GCI

    @property
    def paths(self) -> tuple[Float[Array, " path"], Float[Array, " path"]] | None:
        return one_path(self.geometry.distance_m)

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self.energy_MeV.max()[None]

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        emitted = self.norm * self.exposure_s * self.photons_per_s * self.branching_ratio
        return emitted * self.geometry.mean_per_cm2(self.boson.inverse_decay_length_per_m(self.energy_MeV))

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return self.energy_MeV, jnp.eye(len(self.transitions))

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        return jnp.zeros((len(self.transitions), *energy_MeV.shape))

    def spectral_density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        momentum = self.boson.momentum_MeV(energy_MeV)
        return jnp.stack([line.profile(energy_MeV - line.energy_MeV, momentum) for line in self._lines])

    @property
    def _lines(self) -> list[NuclearLine]:
        return [self.transitions[name] for name in self.components]


class TabulatedAlpFlux(AbstractAlpSource):
    """ALPs of a continuous spectrum, given as a table of what the source emits.

    Attributes
    ----------
    boson
        The particle.
    spectra
        ALPs emitted in all directions, s^-1 MeV^-1, one row.
    exposure_s
        How long it is seen, s.
    geometry
        Where the detector stands.
    norm
        Ratio of the emission to its table: what the couplings of the source make of it.
    panels
        How many of the knots are break points for quadrature.
    """

    components: tuple[str, ...] = eqx.field(static=True, default=("alp",), init=False)
    boson: Alp
    spectra: InterpolatedSpectra
    exposure_s: Float[Array, ""] = eqx.field(converter=as_float)
    geometry: AbstractDetectorGeometry
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    panels: int = eqx.field(static=True, default=12)

    def __check_init__(self):
        values = self.spectra.values_per_MeV
        if values.shape[0] != 1:
            raise CevnsjaxError(f"spectra must have one row, got {values.shape[0]}.")
        if is_concrete(values) and not np.any(np.asarray(values) > 0.0):
            raise CevnsjaxError("spectra must not be zero on all knots.")
        check_positive("exposure_s", self.exposure_s, "s")
        check_positive("norm", self.norm, "")

    @property
    def paths(self) -> tuple[Float[Array, " path"], Float[Array, " path"]] | None:
        return one_path(self.geometry.distance_m)

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self.spectra.edges_MeV(self.panels)

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        way = jnp.exp(-self.geometry.front_m * self._slowest_decay_per_m)
        return (self.norm * self.exposure_s * self._total() * way)[None]

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return jnp.zeros((0,)), jnp.zeros((1, 0))

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        total = self._total()
        some = total > 0.0
        return jnp.where(some, self._arriving(energy_MeV) / jnp.where(some, total, 1.0), 0.0)[None]

    def spectral_density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        return self.density(energy_MeV)

    @property
    def _slowest_decay_per_m(self) -> Scalar:
        """Of the largest energy: taken out of every exponential, so that a spectrum of what is left has a shape."""
        return self.boson.inverse_decay_length_per_m(self.spectra.energy_MeV[-1])

    def _arriving(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Spectrum in the detector, s^-1 cm^-2 MeV^-1, over exp(-d/l) at the largest energy."""
        rate = self.boson.inverse_decay_length_per_m(energy_MeV)
        spread = self.geometry.mean_per_cm2(rate, self._slowest_decay_per_m)
        return jnp.where(energy_MeV > self.boson.mass_MeV, self.spectra.density(energy_MeV)[0] * spread, 0.0)

    def _total(self) -> Scalar:
        abscissae, weights = map(as_float, gauss_legendre(self.spectra.order))
        half = 0.5 * jnp.diff(self.spectra.energy_MeV)[:, None]
        energy = self.spectra.energy_MeV[:-1, None] + half * (1.0 + abscissae)[None, :]
        return (self._arriving(energy) * half * weights[None, :]).sum()


def fissions_per_s(thermal_power_MW: float, energy_per_fission_MeV: float = 200.0) -> float:
    """Fissions per second of a reactor.

    Parameters
    ----------
    thermal_power_MW
        Thermal power, MW.
    energy_per_fission_MeV
        MeV: 200 is what makes 0.25 photons per fission 0.61 GCi at 2.9 GW (:attr:`AlpFlux.activity_GCi`); fuel has 202
        to 214.
    """
    check_positive("thermal_power_MW", thermal_power_MW, "MW")
    check_positive("energy_per_fission_MeV", energy_per_fission_MeV, "MeV")
    return thermal_power_MW * _MEV_PER_MW_S / energy_per_fission_MeV
