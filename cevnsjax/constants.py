"""Physical constants, each with its source.

CODATA 2018 (Tiesinga et al., Rev. Mod. Phys. 93, 025010, 2021) and PDG 2022 (Workman et al., PTEP 2022, 083C01).
Plain Python floats: constants are folded before they meet an array, so that float32 never sees G_F^2.
"""

import math

FERMI_CONSTANT_PER_MEV2 = 1.1663788e-11  # PDG 2022: G_F/(hbar c)^3 = 1.1663788e-5 GeV^-2
FINE_STRUCTURE_CONSTANT = 7.2973525693e-3  # CODATA 2018
HBAR_C_MEV_FM = 197.3269804  # CODATA 2018
AVOGADRO_PER_MOL = 6.02214076e23  # exact
ATOMIC_MASS_UNIT_MEV = 931.49410242  # CODATA 2018
SPEED_OF_LIGHT_KM_S = 299792.458  # exact
ELEMENTARY_CHARGE_C = 1.602176634e-19  # exact

ELECTRON_MASS_MEV = 0.51099895  # CODATA 2018
MUON_MASS_MEV = 105.6583755  # CODATA 2018
TAU_MASS_MEV = 1776.86  # PDG 2022
PROTON_MASS_MEV = 938.27208816  # CODATA 2018
NEUTRON_MASS_MEV = 939.56542052  # CODATA 2018
NUCLEON_MASS_MEV = 0.5 * (PROTON_MASS_MEV + NEUTRON_MASS_MEV)
CHARGED_PION_MASS_MEV = 139.57039  # PDG 2022
NEUTRAL_PION_MASS_MEV = 134.9768  # PDG 2022
ETA_MASS_MEV = 547.862  # PDG 2022
MUON_LIFETIME_US = 2.1969811  # PDG 2022
CHARGED_PION_LIFETIME_US = 0.026033  # PDG 2022
NEUTRAL_PION_TO_PHOTONS = 0.98823  # PDG 2022, branching ratio
ETA_TO_PHOTONS = 0.3936  # PDG 2022, branching ratio
CHARGED_KAON_MASS_MEV = 493.677  # PDG 2022
CHARGED_KAON_LIFETIME_US = 0.01238  # PDG 2022
PION_DECAY_CONSTANT_MEV = 130.2  # f_pi of the charged pion, PDG 2022
KAON_DECAY_CONSTANT_MEV = 155.7  # f_K of the charged kaon, PDG 2022

PROTON_MOMENT = 2.79284734463  # CODATA 2018, nuclear magnetons
NEUTRON_MOMENT = -1.91304273  # CODATA 2018, nuclear magnetons

AXIAL_COUPLING = 1.2756  # g_A of the nucleon, PDG 2022
UP_DOWN_QUARK_MIXING = 0.97373  # V_ud, PDG 2022
UP_STRANGE_QUARK_MIXING = 0.2243  # V_us, PDG 2022

WEAK_MIXING_ANGLE_SIN2 = (
    0.23863  # sin^2 theta_W(Q = 0), MS-bar: Erler and Ferro-Hernandez, JHEP 03 (2018) 196; PDG 2022
)

CROSS_SECTION_UNIT_CM2 = 1e-40
"""Cross sections are carried in this unit between blocks, which keeps float32 away from its smallest numbers."""

HBAR_MEV_US = 1e-12 * HBAR_C_MEV_FM / SPEED_OF_LIGHT_KM_S
"""hbar in MeV us: turns a lifetime in us into a width in MeV."""

CM2_MEV2 = (HBAR_C_MEV_FM * 1e-13) ** 2
"""(hbar c)^2 in cm^2 MeV^2: turns a cross section in MeV^-2 into cm^2."""

CROSS_SECTION_MEV2 = CM2_MEV2 / CROSS_SECTION_UNIT_CM2
"""The same in CROSS_SECTION_UNIT_CM2."""

FERMI_CROSS_SECTION_PER_MEV2 = FERMI_CONSTANT_PER_MEV2**2 * CM2_MEV2 / math.pi / CROSS_SECTION_UNIT_CM2
"""G_F^2/pi in CROSS_SECTION_UNIT_CM2 MeV^-2: multiplies M [MeV] and dT [MeV]."""

OSCILLATION_PHASE_PER_EV2_M = 1e-12 / (4.0 * HBAR_C_MEV_FM * 1e-15)
"""Phase of an oscillation, Delta m^2 L/(4 hbar c E), for 1 eV^2, 1 m and 1 MeV: 1.2669327, often rounded to 1.267."""

SECONDS_PER_DAY = 86400.0
"""Time for which descriptions and projections give their sources, s; the number of days is the experiment's."""
