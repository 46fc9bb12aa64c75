"""Reactors: antineutrinos of fissions, and of the decays after neutron captures on U238."""

import math
from abc import abstractmethod
from collections.abc import Mapping

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, as_floats, as_optional_float, check_positive, is_concrete, shown
from cevnsjax.constants import ELEMENTARY_CHARGE_C
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.flux import AbstractFlux
from cevnsjax.flux.interpolated import InterpolatedSpectra
from cevnsjax.flux.moments import POWERS
from cevnsjax.flux.paths import check_baseline, one_path
from cevnsjax.flux.reactor_spectra import ReactorSpectra, reactor_spectra

_MEV_PER_GW_S = 1e3 / ELEMENTARY_CHARGE_C


def _check_shares(name: str, shares) -> None:
    """Refuse shares that are negative, not finite, or do not sum to one; traced values are let through."""
    if not all(map(is_concrete, shares)):
        return
    values = np.concatenate([np.asarray(share, dtype=float).ravel() for share in shares])
    if not np.all(values >= 0.0) or abs(values.sum() - 1.0) > 1e-6:
        given = shown(values, values >= 0.0)
        raise CevnsjaxError(f"{name} must not be negative and sum to one, got {given}, sum {values.sum():g}.")


class AbstractStrength(eqx.Module):
    """How strong a source is where the detector stands."""

    @abstractmethod
    def flux_per_cm2_s(self, antineutrinos_per_fission: Scalar, fission_fractions: Mapping[str, Scalar]) -> Scalar:
        """Flux of antineutrinos of all energies, cm^-2 s^-1; the fractions sum to one."""

    @property
    @abstractmethod
    def paths(self) -> tuple[Float[Array, " core"], Float[Array, " core"]] | None:
        """Distance of each core, m, and its share in the flux at the detector; none where no distance is known."""


class ThermalPower(AbstractStrength):
    """P/(4 pi L^2 sum_i f_i e_i) fissions, seen from a distance.

    Several cores have a total power and a share and a distance each: P/L^2 is sum_k P_k/L_k^2.

    Attributes
    ----------
    thermal_power_GW
        Thermal power P of all cores, GW.
    baseline_m
        Distance L from core to detector, m: a number, or one for each core, shape ``[core]``.
    power_shares
        Share of each core in the power, of the shape of ``baseline_m``.
    energy_per_fission_MeV
        Thermal energy e_i of a fission of each isotope, MeV (X. B. Ma et al., Phys. Rev. C 88, 014605 (2013):
        recalled, not checked against the paper).
    """

    thermal_power_GW: Float[Array, ""] = eqx.field(converter=as_float)
    baseline_m: Float[Array, "*core"] = eqx.field(converter=as_float)
    power_shares: Float[Array, "*core"] = eqx.field(converter=as_float, default=1.0)
    energy_per_fission_MeV: dict[str, Float[Array, ""]] = eqx.field(
        converter=as_floats,
        default_factory=lambda: {"U235": 202.36, "U238": 205.99, "Pu239": 211.12, "Pu241": 214.26},
    )

    def __check_init__(self):
        check_positive("thermal_power_GW", self.thermal_power_GW, "GW")
        check_positive("baseline_m", self.baseline_m, "m")
        if self.baseline_m.shape != self.power_shares.shape:
            raise CevnsjaxError(
                f"baseline_m and power_shares must have one entry for each core, got the shapes "
                f"{self.baseline_m.shape} and {self.power_shares.shape}."
            )
        _check_shares("power_shares", [self.power_shares])
        for name, energy in self.energy_per_fission_MeV.items():
            check_positive(f"energy_per_fission_MeV[{name!r}]", energy, "MeV")

    @property
    def paths(self) -> tuple[Float[Array, " core"], Float[Array, " core"]]:
        strength = jnp.atleast_1d(self.power_shares / self.baseline_m**2)
        return jnp.atleast_1d(self.baseline_m), strength / strength.sum()

    def fissions_per_cm2_s(self, fission_fractions: Mapping[str, Scalar]) -> Scalar:
        """Fissions per second over 4 pi L^2, cm^-2 s^-1."""
        energy_MeV = sum(fraction * self.energy_per_fission_MeV[name] for name, fraction in fission_fractions.items())
        power_per_m2 = self.thermal_power_GW * (self.power_shares / self.baseline_m**2).sum()
        return power_per_m2 / energy_MeV * (_MEV_PER_GW_S / (4e4 * math.pi))

    def flux_per_cm2_s(self, antineutrinos_per_fission: Scalar, fission_fractions: Mapping[str, Scalar]) -> Scalar:
        return self.fissions_per_cm2_s(fission_fractions) * antineutrinos_per_fission


class TotalFlux(AbstractStrength):
    """A flux that is quoted as such: the spectra give its shape alone.

    Attributes
    ----------
    total_flux_per_cm2_s
        Antineutrinos of all energies in the spectra, captures included where they are, cm^-2 s^-1.
    baseline_m
        Distance from core to detector, m, where it matters: the flux does not follow from it.
    """

    total_flux_per_cm2_s: Float[Array, ""] = eqx.field(converter=as_float)
    baseline_m: Float[Array, ""] | None = eqx.field(converter=as_optional_float, default=None)

    def __check_init__(self):
        check_positive("total_flux_per_cm2_s", self.total_flux_per_cm2_s, "cm^-2 s^-1")
        check_baseline(self.baseline_m)

    @property
    def paths(self) -> tuple[Float[Array, " core"], Float[Array, " core"]] | None:
        return one_path(self.baseline_m)

    def flux_per_cm2_s(self, antineutrinos_per_fission: Scalar, fission_fractions: Mapping[str, Scalar]) -> Scalar:
        return self.total_flux_per_cm2_s


def _spectra(spectra: str | ReactorSpectra) -> ReactorSpectra:
    return reactor_spectra(spectra) if isinstance(spectra, str) else spectra


class Reactor(AbstractFlux):
    """A reactor: S(E) = sum_i f_i S_i(E) + n sum_c S_c(E) antineutrinos per fission and MeV.

    f_i are shares in the fissions, n captures of neutrons on U238 per fission, each of which is followed by the
    decays c of U239 and Np239. Where fractions float one by one they are divided by their sum.

    Attributes
    ----------
    spectra
        S_i and S_c, or the name of a set (:func:`reactor_spectra`).
    strength
        :class:`ThermalPower`, or :class:`TotalFlux`.
    exposure_s
        How long the reactor is on, s.
    fission_fractions
        f_i of each isotope; the default is a typical pressurised-water reactor (the mean of TEXONO's, H. T. Wong et
        al., Phys. Rev. D 75, 012001 (2007)).
    captures_per_fission
        n, 0.60 in the same paper; 0 leaves the captures out.
    norm
        Ratio of the flux to its nominal value.
    panels
        How many energies of the fission spectra are break points for quadrature; one more is the end of the captures.
    """

    components: tuple[str, ...] = eqx.field(static=True, default=("nu_e_bar",), init=False)
    spectra: ReactorSpectra = eqx.field(converter=_spectra)
    strength: AbstractStrength
    exposure_s: Float[Array, ""] = eqx.field(converter=as_float)
    fission_fractions: dict[str, Float[Array, ""]] = eqx.field(
        converter=as_floats, default_factory=lambda: {"U235": 0.55, "U238": 0.07, "Pu239": 0.32, "Pu241": 0.06}
    )
    captures_per_fission: Float[Array, ""] = eqx.field(converter=as_float, default=0.60)
    norm: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    panels: int = eqx.field(static=True, default=12)

    def __check_init__(self):
        if self.fission_fractions.keys() != set(self.spectra.isotopes):
            raise CevnsjaxError(
                f"fission_fractions must name the isotopes of the spectra, {', '.join(self.spectra.isotopes)}, got "
                f"{', '.join(self.fission_fractions) or 'none'}."
            )
        _check_shares("fission_fractions", [self.fission_fractions[name] for name in self.spectra.isotopes])
        if isinstance(self.strength, ThermalPower):
            missing = sorted(self.fission_fractions.keys() - self.strength.energy_per_fission_MeV.keys())
            if missing:
                raise CevnsjaxError(f"energy_per_fission_MeV must name all isotopes, but has no {', '.join(missing)}.")
        captures = self.captures_per_fission
        if is_concrete(captures) and not 0.0 <= float(captures) < math.inf:
            raise CevnsjaxError(f"captures_per_fission must be zero or positive, got {float(captures):g}.")
        if is_concrete(captures) and float(captures) > 0.0 and self.spectra.capture is None:
            raise CevnsjaxError(
                f"captures_per_fission must be 0 for spectra that include the captures, got {float(captures):g}."
            )
        check_positive("exposure_s", self.exposure_s, "s")
        check_positive("norm", self.norm, "")

    @property
    def antineutrinos_per_fission(self) -> Scalar:
        """Antineutrinos of all energies per fission, captures included."""
        return self._mix(InterpolatedSpectra.totals)

    @property
    def flux_per_cm2_s(self) -> Scalar:
        """Antineutrinos of all energies, cm^-2 s^-1."""
        fractions = dict(zip(self.spectra.isotopes, self._fractions(), strict=True))
        return self.norm * self.strength.flux_per_cm2_s(self.antineutrinos_per_fission, fractions)

    @property
    def paths(self) -> tuple[Float[Array, " core"], Float[Array, " core"]] | None:
        return self.strength.paths

    @property
    def lowest_energy_MeV(self) -> Float[Array, ""]:
        first = self.spectra.fission.energy_MeV[0]
        capture = self.spectra.capture
        return first if capture is None else jnp.minimum(first, capture.energy_MeV[0])

    @property
    def break_points_MeV(self) -> Float[Array, " panel"]:
        edges = self.spectra.fission.edges_MeV(self.panels)
        capture = self.spectra.capture
        return edges if capture is None else jnp.sort(jnp.append(edges, capture.energy_MeV[-1]))

    @property
    def knots_MeV(self) -> Float[Array, " knot"]:
        fission, capture = self.spectra.fission.energy_MeV, self.spectra.capture
        return fission if capture is None else jnp.sort(jnp.append(fission, capture.energy_MeV))

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        return (self.exposure_s * self.flux_per_cm2_s)[None]

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        return jnp.zeros((0,)), jnp.zeros((1, 0))

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        self.spectra.fission.warn_outside(energy_MeV)
        mixture = self._mix(lambda spectra: spectra.density(energy_MeV))
        return mixture[None] / self.antineutrinos_per_fission

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        with_total = jnp.append(jnp.zeros((), minimum_energy_MeV.dtype), minimum_energy_MeV)
        mixture = self._mix(lambda spectra: spectra.moments(with_total))
        normalised = mixture[:, 1:] / mixture[POWERS.index(0), 0]
        return normalised.reshape(1, len(POWERS), *minimum_energy_MeV.shape)

    def _fractions(self) -> Float[Array, " isotope"]:
        fractions = jnp.stack([self.fission_fractions[name] for name in self.spectra.isotopes])
        return fractions / fractions.sum()

    def _mix(self, functional) -> Float[Array, "*shape"]:
        """Sum over isotopes and captures of what is linear in their spectra."""
        fission = jnp.tensordot(self._fractions(), functional(self.spectra.pulled_fission), axes=1)
        if self.spectra.capture is None:
            return fission
        return fission + self.captures_per_fission * functional(self.spectra.capture).sum(axis=0)
