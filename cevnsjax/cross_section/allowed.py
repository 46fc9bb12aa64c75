"""Charged currents by allowed transitions: Fermi and Gamow-Teller strengths at zero momentum transfer."""

import functools
import re

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_knots, check_positive, is_concrete
from cevnsjax.constants import (
    AXIAL_COUPLING,
    ELECTRON_MASS_MEV,
    FERMI_CROSS_SECTION_PER_MEV2,
    UP_DOWN_QUARK_MIXING,
)
from cevnsjax.cross_section.coulomb import AbstractCoulombCorrection, SmallerCorrection
from cevnsjax.cross_section.reaction import AbstractReaction
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.flux import AbstractFlux, FluxNodes
from cevnsjax.tables import Table, read_table

_ORDER = 16


class AllowedReaction(AbstractReaction):
    """nu_e + (Z, A) -> e- + (Z + 1, A) into bound or unbound levels, without recoil and forbidden transitions.

    sigma = (G_F^2 V_ud^2/pi) sum over levels of p_e E_e F [B(F) + g_A^2 B(GT)], with E_e = E - (M_f + E_x - M_i); see
    S. Gardiner, Phys. Rev. C 103, 044604 (2021), eq. 1. All of E - ``missing_MeV`` is taken to come out: kinetic
    energy of the electron, photons, and what else the level decays into.

    Attributes
    ----------
    target
        The nuclide that is hit, like ``"Ar40"``.
    proton_number
        Z of the target.
    missing_MeV
        Mass of the neutral atom after the reaction less that of the target, both in the ground state, MeV.
    excitation_MeV
        E_x of each level, MeV, in order (degenerate levels beside each other), shape ``[level]``.
    fermi_strength, gamow_teller_strength
        B(F) and B(GT) of each level (1 and 3 for a free neutron), shape ``[level]``.
    quenching
        Ratio of every B(GT) to its nominal value (1 nominally).
    axial_coupling, up_down_mixing
        g_A and V_ud.
    scale
        Ratio of the cross section to its nominal value (1 nominally).
    coulomb
        Coulomb correction of the electron.
    """

    target: str = eqx.field(static=True)
    proton_number: int = eqx.field(static=True)
    missing_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    excitation_MeV: Float[Array, " level"] = eqx.field(converter=as_float)
    fermi_strength: Float[Array, " level"] = eqx.field(converter=as_float)
    gamow_teller_strength: Float[Array, " level"] = eqx.field(converter=as_float)
    quenching: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    axial_coupling: Float[Array, ""] = eqx.field(converter=as_float, default=AXIAL_COUPLING)
    up_down_mixing: Float[Array, ""] = eqx.field(converter=as_float, default=UP_DOWN_QUARK_MIXING)
    scale: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    coulomb: AbstractCoulombCorrection = eqx.field(default_factory=SmallerCorrection)
    neutrinos: tuple[str, ...] = eqx.field(static=True, default=("nu_e",), init=False)
    charged: bool = eqx.field(static=True, default=True, init=False)

    def __check_init__(self):
        if not re.fullmatch(r"[A-Z][a-z]?\d+", self.target):
            raise CevnsjaxError(f"target must be a symbol and a mass number, like 'Ar40', got {self.target!r}.")
        if not 0 <= self.proton_number <= self.mass_number:
            raise CevnsjaxError(f"proton_number must be from 0 to A = {self.mass_number}, got {self.proton_number}.")
        for name in ("fermi_strength", "gamow_teller_strength"):
            strength = getattr(self, name)
            check_knots("excitation_MeV", self.excitation_MeV, "MeV", name, strength, equal=True)
            if is_concrete(strength) and not np.all(np.asarray(strength) >= 0.0):
                worst = int(np.argmin(np.asarray(strength)))
                raise CevnsjaxError(f"{name} must not be negative, got {strength[worst]:g} for level {worst}.")
        if is_concrete(self.threshold_MeV) and not self.threshold_MeV >= 0.0:
            raise CevnsjaxError(
                f"missing_MeV and the lowest excitation_MeV must add up to zero or more, got {self.threshold_MeV} MeV."
            )
        for name in ("axial_coupling", "up_down_mixing"):
            check_positive(name, getattr(self, name), "")

    @property
    def mass_number(self) -> int:
        """A."""
        return int(re.sub(r"\D", "", self.target))

    @property
    def thresholds_MeV(self) -> Float[Array, " level"]:
        """Smallest neutrino energy that reaches each level, MeV."""
        return self.missing_MeV + self.excitation_MeV

    @property
    def threshold_MeV(self) -> Float[Array, ""]:
        return self.thresholds_MeV[0]

    def _to_levels(self, neutrino_energy_MeV: Float[Array, "level *point"]) -> Float[Array, "level *point"]:
        """Cross section of each level at energies of its own."""
        rank = [1] * (neutrino_energy_MeV.ndim - 1)
        strength = self.fermi_strength + self.axial_coupling**2 * self.quenching * self.gamow_teller_strength
        kinetic = neutrino_energy_MeV - self.thresholds_MeV.reshape(-1, *rank)
        above = kinetic > 0.0
        electron = jnp.where(above, kinetic, 1.0) + ELECTRON_MASS_MEV
        momentum = self.coulomb.times_momentum_MeV(electron, self.proton_number + 1, self.mass_number)
        reduced = jnp.where(above, momentum * electron, 0.0)
        return FERMI_CROSS_SECTION_PER_MEV2 * self.up_down_mixing**2 * strength.reshape(-1, *rank) * reduced

    def unscaled_cross_section(self, neutrino_energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        shape = (*self.excitation_MeV.shape, *neutrino_energy_MeV.shape)
        return self._to_levels(jnp.broadcast_to(neutrino_energy_MeV[None], shape)).sum(axis=0)

    def on_nodes(self, flux: AbstractFlux) -> tuple[FluxNodes, Float[Array, "level node"]]:
        nodes = flux.nodes(self.thresholds_MeV, _ORDER)
        return nodes, self._to_levels(nodes.energy_MeV)


@functools.cache
def _argon() -> Table:
    columns = ("excitation_MeV", "fermi_strength", "gamow_teller_strength_gA2")
    return read_table("nuclear/ar40_to_k40.csv", columns=("set", *columns, "origin"), text_columns=("set", "origin"))


def argon_to_potassium(strengths: str = "Bhattacharya2009") -> AllowedReaction:
    """40Ar(nu_e, e-)40K* with one of three published sets of strengths, with those of a calculation above 7 or 8 MeV.

    Published Gamow-Teller strengths have g_A^2 inside; they are divided by the nominal one here.

    Parameters
    ----------
    strengths
        ``"Bhattacharya2009"`` from (p,n), Phys. Rev. C 80, 055501; ``"Bhattacharya1998"``, Phys. Rev. C 58, 3677, and
        ``"Liu1998"``, Phys. Rev. C 58, 2677, from the beta decay of 40Ti.

    Raises
    ------
    UnknownNameError
        If there is no such set.
    """
    table = _argon()
    if strengths not in table["set"]:
        raise UnknownNameError("set of strengths of 40Ar", strengths, {str(name) for name in table["set"]})
    energy, fermi, gamow_teller = (
        table[column][table["set"] == strengths]
        for column in ("excitation_MeV", "fermi_strength", "gamow_teller_strength_gA2")
    )
    # masses of AME2020
    return AllowedReaction(
        target="Ar40",
        proton_number=18,
        missing_MeV=1.5044023,
        excitation_MeV=energy,
        fermi_strength=fermi,
        gamow_teller_strength=gamow_teller / AXIAL_COUPLING**2,
    )


def carbon_to_nitrogen() -> AllowedReaction:
    """12C(nu_e, e-)12N into the ground state, with its strength at zero momentum transfer.

    B(GT) = 3 * 6144.2 s/(g_A^2 ft) = 0.8643 from the beta decay of 12N, log ft = 4.1175 (recalled); Q = 17.338 MeV.
    Good to some 10 %: neither the axial form factor nor weak magnetism are in it.
    """
    return AllowedReaction(
        target="C12",
        proton_number=6,
        missing_MeV=17.338,
        excitation_MeV=[0.0],
        fermi_strength=[0.0],
        gamow_teller_strength=[3.0 * 6144.2 / (AXIAL_COUPLING**2 * 10.0**4.1175)],
    )


def gallium_to_germanium() -> AllowedReaction:
    """71Ga(nu_e, e-)71Ge into the ground state and the levels that neutrinos of radioactive sources reach.

    All numbers are recalled. Ground state: B(GT) = 0.0852 from the half-life of 71Ge, 11.43 d, Q = 232.44 keV (S. R.
    Elliott et al., Phys. Rev. C 108, 035502, 2023); levels at 175 and 500 keV: 0.039 and 0.202 of it, from (3He, t)
    (D. Frekers et al., Phys. Lett. B 706, 134, 2011). Without atomic overlap and screening, some per cent.
    """
    return AllowedReaction(
        target="Ga71",
        proton_number=31,
        missing_MeV=0.23244,
        excitation_MeV=[0.0, 0.175, 0.5],
        fermi_strength=[0.0, 0.0, 0.0],
        gamow_teller_strength=[0.0852 * ratio for ratio in (1.0, 0.039, 0.202)],
    )
