"""Radioactive sources of neutrinos: nuclei that capture an electron."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, as_optional_float, check_knots, check_positive, is_concrete, shown
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.flux import AbstractFlux, parse_neutrino
from cevnsjax.flux.paths import check_baseline, one_path


class LineSource(AbstractFlux):
    """Neutrinos of one kind with a few energies.

    Attributes
    ----------
    components
        What arrives, as a tuple of one name.
    energy_MeV
        Energies of the lines, MeV, increasing, shape ``[line]``.
    intensity
        Relative intensity of each line, of any normalisation, shape ``[line]``.
    neutrinos_per_cm2
        How many arrive on a square centimetre over the exposure, all lines together.
    baseline_m
        Distance from source to detector, m, where there is one: the fluence is what it is.
    """

    components: tuple[str, ...] = eqx.field(static=True)
    energy_MeV: Float[Array, " line"] = eqx.field(converter=as_float)
    intensity: Float[Array, " line"] = eqx.field(converter=as_float)
    neutrinos_per_cm2: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    baseline_m: Float[Array, ""] | None = eqx.field(converter=as_optional_float, default=None)

    def __check_init__(self):
        if len(self.components) != 1:
            raise CevnsjaxError(f"components must name one kind of neutrino, got {self.components}.")
        parse_neutrino(self.components[0])
        check_knots("energy_MeV", self.energy_MeV, "MeV", "intensity", self.intensity)
        check_positive("energy_MeV", self.energy_MeV, "MeV")
        intensity = self.intensity
        if is_concrete(intensity) and not (
            np.all(np.asarray(intensity) >= 0.0) and np.any(np.asarray(intensity) > 0.0)
        ):
            given = shown(intensity, np.asarray(intensity) > 0.0)
            raise CevnsjaxError(f"intensity must be zero or positive, one above zero, got {given}.")
        check_positive("neutrinos_per_cm2", self.neutrinos_per_cm2, "cm^-2")
        check_baseline(self.baseline_m)

    @property
    def paths(self) -> tuple[Float[Array, " path"], Float[Array, " path"]] | None:
        return one_path(self.baseline_m)

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        return self.energy_MeV

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        return self.neutrinos_per_cm2[None]

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return self.energy_MeV, (self.intensity / self.intensity.sum())[None]

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        return jnp.zeros_like(energy_MeV)[None]


def chromium_51_source(neutrinos_per_cm2: float = 1.0) -> LineSource:
    """51Cr, K and other shells to two levels of 51V: 747, 427, 752 and 432 keV (recalled).

    Parameters
    ----------
    neutrinos_per_cm2
        How many arrive over the exposure.
    """
    return LineSource(("nu_e",), [0.427, 0.432, 0.747, 0.752], [0.0895, 0.0093, 0.8163, 0.0849], neutrinos_per_cm2)


def argon_37_source(neutrinos_per_cm2: float = 1.0) -> LineSource:
    """37Ar, K and other shells: 811 and 813 keV (recalled).

    Parameters
    ----------
    neutrinos_per_cm2
        How many arrive over the exposure.
    """
    return LineSource(("nu_e",), [0.811, 0.813], [0.902, 0.098], neutrinos_per_cm2)
