"""Cross sections that public codes print, at their own constants and without form factor (``data/peers.csv``).

Each code has its own Fermi constant, hbar c, weak couplings, nuclear masses and kinematics; with these in place of
this package's the outputs agree to the digits they are kept with. What a code calls a coupling is turned into what it
is in the Lagrangians of this package: strengths given with respect to G_F follow the G_F of the code.

Left out: magnetic moments in bradkav/CEvNS, which differ by 5e-8 to 5e-7 on the same points. That is the size of
T/(4E^2), the term of a nucleus of spin 0 beyond 1/T - 1/E, which this package leaves out.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cevnsjax.arrays import as_float
from cevnsjax.constants import FERMI_CONSTANT_PER_MEV2, HBAR_C_MEV_FM
from cevnsjax.cross_section import (
    NSI,
    AbstractTerm,
    AbstractVectorKinematics,
    AbstractVectorTerm,
    Coherent,
    FlavourMatrix,
    HeavyNucleus,
    LightScalar,
    LightVector,
    PDGLegacy,
    SpinHalf,
    SpinZero,
    TreeLevel,
)
from cevnsjax.tables import Table, read_table
from cevnsjax.target import PointLike, nuclide
from cevnsjax.validation.constant_couplings import ConstantCouplings
from cevnsjax.validation.published_number import PublishedNumber

_MEDIATOR_MASS_MEV = 10.0
_COUPLING2 = 1e-8
_REPRESENTATIVE_ENERGY_MEV = 30.0


@dataclass(frozen=True)
class _Code:
    """Conventions of a public code.

    ``vector_coupling2`` is g'^2 in this package per product of couplings of the code; the last pair are its scalar
    couplings of proton and neutron for universal quark couplings.
    """

    fermi_constant_per_MeV2: float
    hbar_c_MeV_fm: float
    standard_model: Callable[[], AbstractVectorTerm]
    couplings: str
    kinematics: Callable[[], AbstractVectorKinematics]
    energy_dependence: str
    vector_coupling2: float = 1.0
    scalar_couplings: tuple[float, float] = (0.0, 0.0)

    @property
    def scale(self) -> float:
        """Cross sections of the code over those of this package at equal couplings."""
        ratio = self.fermi_constant_per_MeV2 * self.hbar_c_MeV_fm / (FERMI_CONSTANT_PER_MEV2 * HBAR_C_MEV_FM)
        return ratio**2

    def exchanged(self, coupling2: float) -> float:
        """The g that this package needs for an exchange of a light particle to have the strength it has in the code."""
        return math.sqrt(coupling2 * FERMI_CONSTANT_PER_MEV2 / self.fermi_constant_per_MeV2)

    def described(self, interaction: str) -> str:
        """An interaction in words, with the couplings that the code gives it."""
        proton, neutron = self.scalar_couplings
        return {
            "sm": "Standard Model",
            "nsi-ee-up": "Standard Model and eps_ee^u = 0.1",
            "nsi-etau-up": "Standard Model and eps_etau^u = 0.1",
            "light-vector": "Standard Model and universal Z', M = 10 MeV, "
            f"g'^2 = {_COUPLING2 * self.vector_coupling2:g} for g_nu g_q = {_COUPLING2:g} in the code",
            "light-scalar": f"scalar alone, m = 10 MeV, g^2 = {_COUPLING2:g}, c_p = {proton:.6g}, c_n = {neutron:.6g}",
        }[interaction]

    def terms(self, interaction: str) -> dict[str, AbstractTerm]:
        """What is summed."""
        sm: dict[str, AbstractTerm] = {"sm": self.standard_model()}
        match interaction:
            case "sm":
                return sm
            case "nsi-ee-up":
                return {**sm, "nsi": NSI(FlavourMatrix(ee=0.1))}
            case "nsi-etau-up":
                return {**sm, "nsi": NSI(FlavourMatrix(etau_real=0.1))}
            case "light-vector":
                coupling = self.exchanged(_COUPLING2 * self.vector_coupling2)
                return {**sm, "vector": LightVector(_MEDIATOR_MASS_MEV, coupling)}
            case "light-scalar":
                coupling = self.exchanged(_COUPLING2)
                return {"scalar": LightScalar(_MEDIATOR_MASS_MEV, coupling, *self.scalar_couplings)}
        raise ValueError(f"{interaction!r} is no interaction of the table of public codes.")


_SPIN_HALF = "1 - T/E - MT/(2E^2) + T^2/(2E^2)"
_CODES = {
    # its Z' of g = g_nu g_q is eps = g/[2 sqrt2 G_F (2MT + m^2)], half of what L = g' Z'_mu [...] of LightVector gives
    "pyCEvNS": _Code(
        1.16638e-11,
        197.33195759999998,
        lambda: PDGLegacy(0.2312),
        "PDG legacy couplings at s_Z^2 = 0.2312",
        SpinHalf,
        _SPIN_HALF,
        vector_coupling2=0.5,
        scalar_couplings=(17.07578806576402, 17.08745241779497),
    ),
    "bradkav-CEvNS": _Code(
        1.1664e-11,
        197.0,
        lambda: TreeLevel(0.2387),
        "tree level at s_W^2 = 0.2387",
        HeavyNucleus,
        "1 - MT/(2E^2)",
        scalar_couplings=(15.1, 14.0),
    ),
    "ricochet": _Code(
        2.30158068053835e-9 / 197.32705,  # G_F hbar c = 2.30158068053835e-28 cm/eV
        197.32705,
        lambda: PDGLegacy(0.23126),
        "PDG legacy couplings at s_Z^2 = 0.23126",
        SpinHalf,
        _SPIN_HALF,
    ),
    "reactor-nu-cevns": _Code(
        1.166378e-11,
        197.32698,
        lambda: ConstantCouplings(0.0747 / 2.0, -1.0235 / 2.0),
        "2 g_V^p = 0.0747, 2 g_V^n = -1.0235",
        SpinZero,
        "1 - T/E - MT/(2E^2)",
    ),
    "SNuDD": _Code(
        1.1663787e-11,
        math.sqrt(0.3893793721e5),  # (hbar c)^2 = 0.3893793721e-27 GeV^2 cm^2
        lambda: TreeLevel(0.23122),
        "tree level at s_W^2 = 0.23122",
        HeavyNucleus,
        "1 - MT/(2E^2)",
    ),
}


@functools.cache
def peer_table() -> Table:
    """Read the packaged outputs of public codes."""
    return read_table("peers.csv", text_columns=("code", "interaction", "nucleus"))


def peer_cross_sections_cm2_per_keV(rows: np.ndarray) -> np.ndarray:
    """dsigma/dT in the convention of a code.

    Parameters
    ----------
    rows
        Positions in the table, of a single code, interaction and nucleus.
    """
    table = peer_table()
    (code,), (interaction,), (name,), (mass,) = (
        np.unique(table[column][rows]).tolist() for column in ("code", "interaction", "nucleus", "nucleus_mass_MeV")
    )
    conventions = _CODES[code]
    nucleus = nuclide(name, lambda _: PointLike(), mass)
    coherent = Coherent(conventions.terms(interaction), conventions.kinematics())
    energy, recoil = (as_float(table[column][rows]) for column in ("neutrino_energy_MeV", "recoil_energy_keV"))
    values = coherent.differential_cross_section(energy, recoil, nucleus, "nu_e")
    return np.asarray(values, dtype=np.float64) * (1e-40 * conventions.scale)


def _representatives() -> dict[tuple[str, str, str], int]:
    """Position of the point in the middle of the recoil spectrum at 30 MeV, for each code, interaction and nucleus."""
    table, points = peer_table(), {}
    for row, energy in enumerate(table["neutrino_energy_MeV"]):
        if energy == _REPRESENTATIVE_ENERGY_MEV:
            key = (str(table["code"][row]), str(table["interaction"][row]), str(table["nucleus"][row]))
            points.setdefault(key, []).append(row)
    return {key: rows[len(rows) // 2] for key, rows in points.items()}


def _rows():
    table = peer_table()
    for (code, interaction, nucleus), row in _representatives().items():
        conventions = _CODES[code]
        value, rounding = float(table["cross_section_cm2_per_keV"][row]), float(table["relative_rounding"][row])
        divided = "; over its own F^2" if rounding > 5e-10 else ""
        yield PublishedNumber(
            id=f"peer-{code.lower()}-{interaction}-{nucleus.lower()}",
            source=table.metadata[code] + divided,
            convention=f"{conventions.described(interaction)}; nu_e, E = {_REPRESENTATIVE_ENERGY_MEV:g} MeV, "
            f"T = {table['recoil_energy_keV'][row]:g} keV; "
            f"F = 1; {conventions.couplings}; {conventions.energy_dependence}; "
            f"M = {table['nucleus_mass_MeV'][row]:.10g} MeV; its G_F and hbar c",
            published=value,
            tolerance=rounding * value,
            unit="cm^2/keV",
            compute=functools.partial(_one, row),
        )


def _one(row: int) -> float:
    return float(peer_cross_sections_cm2_per_keV(np.array([row]))[0])


PEERS = tuple(_rows())
"""dsigma/dT in public codes, one point for each nucleus."""
