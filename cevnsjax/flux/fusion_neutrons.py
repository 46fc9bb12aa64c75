"""Neutrons of a fusion reactor, and the nuclear lines that they make in what is around the plasma."""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_knots, check_positive
from cevnsjax.constants import AVOGADRO_PER_MOL
from cevnsjax.errors import UnknownNameError
from cevnsjax.flux.alp_emission import NuclearLine, boron_capture, hydrogen_capture
from cevnsjax.tables import data_files, read_table

_TABLE = "neutrons_"
_THERMAL_MEV = 2.53e-8
_PER_BARN = 1e-24
_HYDROGEN_BARN, _BORON_BARN = 0.3326, 3840.0 * 0.937
_HYDROGEN_G_PER_MOL, _BORON_10_G_PER_MOL = 1.008, 10.0129


class FusionNeutrons(eqx.Module):
    """Flux of neutrons on knots, straight in the logarithms of both between them, and none beyond.

    Attributes
    ----------
    energy_MeV
        Kinetic energies, MeV, increasing.
    flux_per_cm2_s_MeV
        Neutrons of all directions, cm^-2 s^-1 MeV^-1, above zero.
    """

    energy_MeV: Float[Array, " knot"] = eqx.field(converter=as_float)
    flux_per_cm2_s_MeV: Float[Array, " knot"] = eqx.field(converter=as_float)

    def __check_init__(self):
        check_positive("energy_MeV", self.energy_MeV, "MeV")
        check_positive("flux_per_cm2_s_MeV", self.flux_per_cm2_s_MeV, "cm^-2 s^-1 MeV^-1")
        check_knots("energy_MeV", self.energy_MeV, "MeV", "flux_per_cm2_s_MeV", self.flux_per_cm2_s_MeV)

    def above_per_cm2_s(self, energy_MeV: Scalar | float = 0.0) -> Scalar:
        """Neutrons above an energy in MeV, cm^-2 s^-1."""
        return self._moment(0.0, energy_MeV)

    def captures_per_s(self, thermal_barn: Scalar | float, atoms: Scalar | float) -> Scalar:
        """Captures by so many atoms, s^-1, of a cross section that is that at 25.3 meV, barn, and goes like 1/v."""
        return thermal_barn * (_PER_BARN * math.sqrt(_THERMAL_MEV)) * atoms * self._moment(-0.5, 0.0)

    def excitations_per_s(self, barn: Scalar | float, threshold_MeV: Scalar | float, atoms: Scalar | float) -> Scalar:
        """Excitations of so many atoms, s^-1, by a cross section (barn) that is one number above a threshold (MeV)."""
        return barn * _PER_BARN * atoms * self._moment(0.0, threshold_MeV)

    def _moment(self, power: float, low_MeV: Scalar | float) -> Scalar:
        """Integral of flux and a power of the energy above an energy: that of powers between knots, in closed form."""
        low = jnp.maximum(self.energy_MeV[:-1], low_MeV)
        high = jnp.maximum(self.energy_MeV[1:], low)
        logarithms = jnp.log(self.energy_MeV), jnp.log(self.flux_per_cm2_s_MeV)
        slope = jnp.diff(logarithms[1]) / jnp.diff(logarithms[0])
        exponent = (slope + 1.0 + power) * jnp.log(high / low)
        at_low = jnp.exp(logarithms[1][:-1] + slope * (jnp.log(low) - logarithms[0][:-1])) * low ** (1.0 + power)
        small = jnp.abs(exponent) < 1e-4
        safe = jnp.where(small, 1.0, exponent)
        shape = jnp.where(small, 1.0 + 0.5 * exponent, jnp.expm1(safe) / safe)
        return (at_low * jnp.log(high / low) * shape).sum()


def fusion_neutrons(device: str) -> FusionNeutrons:
    """Build the neutrons of D-T fusion in ``"iter"`` or ``"wcll"`` (a DEMO with a blanket of lithium lead and water).

    Tables of github.com/athompson-git/NuFusion, 8.2e14 and 8.0e14 cm^-2 s^-1 in all: those of the first wall at full
    power, it seems; a blanket sees less, and slower ones.

    Raises
    ------
    UnknownNameError
        If there is no table of the device.
    """
    files = data_files("fusion", ".csv")
    known = {name.removeprefix(_TABLE): path for name, path in files.items() if name.startswith(_TABLE)}
    if device not in known:
        raise UnknownNameError("device with a table of fusion neutrons", device, known)
    table = read_table(known[device], columns=("energy_MeV", "flux_per_cm2_s_MeV"))
    return FusionNeutrons(table["energy_MeV"], table["flux_per_cm2_s_MeV"])


def fusion_line(device: str, capture: str, mass_kg: float) -> NuclearLine:
    """Build a line of captures in some matter in the neutrons of fusion; its events are seconds at full power.

    p(n, gamma)d or B10(n, alpha)Li7*, by cross sections of 0.3326 b and 0.937 x 3840 b at 25.3 meV (recalled) that go
    like 1/v: true to per cents up to 0.1 MeV, and faster neutrons hardly count. The source is an
    :class:`cevnsjax.flux.AlpFlux` with one event per second.

    Parameters
    ----------
    device
        As of :func:`fusion_neutrons`.
    capture
        Of ``"hydrogen"`` or ``"boron"``.
    mass_kg
        Of hydrogen, or B10, that sees the flux, kg.

    Raises
    ------
    UnknownNameError
        If there is no table of the device, or no such capture.
    """
    check_positive("mass_kg", mass_kg, "kg")
    make = {
        "hydrogen": (hydrogen_capture, _HYDROGEN_BARN, _HYDROGEN_G_PER_MOL),
        "boron": (boron_capture, _BORON_BARN, _BORON_10_G_PER_MOL),
    }
    if capture not in make:
        raise UnknownNameError("capture in the neutrons of fusion", capture, make)
    line, barn, molar_mass = make[capture]
    atoms = 1e3 * mass_kg / molar_mass * AVOGADRO_PER_MOL
    return line(float(np.asarray(fusion_neutrons(device).captures_per_s(barn, atoms))))
