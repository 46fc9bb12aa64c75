"""Excitation of nuclei by neutrinos: a talk's table of elastic and inelastic events, and the lines of carbon.

B. Dutta, W.-C. Huang, J. L. Newstead and V. Pandey, as in a talk of 2024, with the constants of their public notebook
(github.com/noctildon/Inelastic, *neutrino GT.nb*): N_A = 6e23 mol^-1 and A grams per mole, nucleons of 938 MeV, m_pi =
139 MeV, m_mu = 105.6 MeV, G_F = 1.1664e-5 GeV^-2, g_A = 1.26, Lewin-Smith form factor at q = 6.92e-3 (A T)^(1/2) fm^-1
(T in keV), which is 0.3 % below (2 M T)^(1/2), no threshold. Their inelastic events take twice the raw strength of an
isoscalar shell-model operator for the isovector one; beside them stand those of this package's isovector strengths.
"""

import functools
from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from cevnsjax.constants import FERMI_CONSTANT_PER_MEV2, HBAR_C_MEV_FM
from cevnsjax.cross_section import (
    AbstractDeposit,
    AbstractExcitationShape,
    AbstractNeutrinoScattering,
    Axial,
    Coherent,
    FiniteMomentum,
    LongWavelength,
    NeutralCurrentExcitation,
    SpinHalf,
    flux_averaged_cross_section,
)
from cevnsjax.flux import PionDecayAtRest
from cevnsjax.target import (
    Helm,
    Material,
    NuclearLevels,
    compound,
    dutta_huang_newstead_pandey_levels,
    nuclear_levels,
    nuclide,
)
from cevnsjax.validation.constant_couplings import ConstantCouplings
from cevnsjax.validation.published_number import PublishedNumber

_AVOGADRO_PER_MOL = 6e23
_NUCLEON_MASS_MEV = 938.0
_FERMI_RATIO2 = (1.1664e-11 / FERMI_CONSTANT_PER_MEV2) ** 2
_flux_averaged = eqx.filter_jit(flux_averaged_cross_section)
_ISOVECTOR = Axial(strange_axial_coupling=0.0)


@dataclass(frozen=True)
class TalkRow:
    """A row of the talk's table, to the digits that the notebook's formulas were evaluated to."""

    nuclide: str
    detector: str
    mass_kg: float
    baseline_m: float
    protons_on_target: float
    neutrinos_per_proton: float
    elastic: float
    inelastic: float
    ratio: float

    @property
    def name(self) -> str:
        return f"{self.nuclide.lower()}-{self.detector}"

    @property
    def flux(self) -> PionDecayAtRest:
        return PionDecayAtRest(self.neutrinos_per_proton, self.protons_on_target, self.baseline_m, 139.0, 105.6)

    def target(self, levels: NuclearLevels) -> Material:
        mass_number = nuclide(self.nuclide).mass_number
        exact = (2e-3 * _NUCLEON_MASS_MEV) ** 0.5 / HBAR_C_MEV_FM
        helm = Helm.lewin_smith(mass_number)
        shorter = Helm(helm.rms_radius_fm * (6.92e-3 / exact), helm.skin_thickness_fm * (6.92e-3 / exact))
        nucleus = nuclide(self.nuclide, lambda _: shorter, _NUCLEON_MASS_MEV * mass_number)
        return Material({self.nuclide: nucleus}, {self.nuclide: 1.0}, float(mass_number)).with_levels(levels)

    def events(self, interaction: AbstractNeutrinoScattering | AbstractDeposit, levels: NuclearLevels) -> float:
        flux = self.flux
        average = _flux_averaged(interaction, flux, self.target(levels))
        nuclei = 1e3 * self.mass_kg * _AVOGADRO_PER_MOL / nuclide(self.nuclide).mass_number
        return _FERMI_RATIO2 * nuclei * float((average * flux.fluence_per_cm2).sum() * 1e-40)


_IODIDE_KG = 14.6 / 260.0
TALK_ROWS = (
    TalkRow("Ar40", "coherent", 24.4, 28.4, 1.34e23, 0.0803, 227.7, 3.156, 72.14),
    TalkRow("Ar40", "ccm", 7000.0, 20.0, 3e22, 0.052, 1.9095e4, 264.7, 72.14),
    TalkRow("Cs133", "coherent", 133.0 * _IODIDE_KG, 19.3, 3.2e23, 0.0803, 1164.2, 0.1522, 7651.0),
    TalkRow("I127", "coherent", 127.0 * _IODIDE_KG, 19.3, 3.2e23, 0.0803, 1056.4, 0.3755, 2814.0),
)


@functools.cache
def _elastic(row: TalkRow) -> float:
    couplings = ConstantCouplings(0.01556533, -0.5122125)
    return row.events(Coherent({"sm": couplings}, SpinHalf()), dutta_huang_newstead_pandey_levels(row.nuclide))


@functools.cache
def _inelastic(row: TalkRow) -> float:
    interaction = NeutralCurrentExcitation({"axial": Axial(1.26, 0.0)})
    return row.events(interaction, dutta_huang_newstead_pandey_levels(row.nuclide))


@functools.cache
def _isovector(row: TalkRow) -> float:
    return row.events(NeutralCurrentExcitation({"axial": Axial(1.26, 0.0)}), nuclear_levels(row.nuclide))


def _ratio(row: TalkRow) -> float:
    return _elastic(row) / _inelastic(row)


_STORED = {TALK_ROWS[0]: 227.6780639091734, TALK_ROWS[1]: 19094.59040497798}
"""Elastic events as the notebook has them."""


def _talk():
    for row, value in _STORED.items():
        yield PublishedNumber(
            id=f"notebook-{row.name}-elastic",
            source="github.com/noctildon/Inelastic, neutrino GT.nb, stored output",
            convention="constants of the notebook, see the module",
            published=value,
            tolerance=1e-7 * value,
            unit="events",
            compute=functools.partial(_elastic, row),
        )
    source = "B. Dutta et al., talk of 2024; recomputed independently with the constants of their notebook"
    for row in TALK_ROWS:
        setting = f"{row.mass_kg:.4g} kg, {row.baseline_m} m, {row.protons_on_target:g} protons"
        inelastic = "2 S_raw of an isoscalar operator in the place of the isovector strength"
        for kind, value, compute, of in (
            ("elastic", row.elastic, _elastic, "coherent"),
            ("inelastic", row.inelastic, _inelastic, inelastic),
            ("ratio", row.ratio, _ratio, f"elastic over inelastic; {inelastic}"),
        ):
            yield PublishedNumber(
                id=f"talk-{row.name}-{kind}",
                source=source,
                convention=f"{setting}; {of}",
                published=value,
                tolerance=5e-4 * value,
                unit="1" if kind == "ratio" else "events",
                compute=functools.partial(compute, row),
            )


# --- isovector strengths, and the two lines of KARMEN

_PUBLISHED_ISOVECTOR = {
    # 1e-42 cm^2: prompt and delayed, from the same tables by an independent calculation
    "C12": (4.05, 19.7),
    "Na23": (17.1, 62.6),
    "Si28": (14.3, 61.4),
    "Ar40": (10.4, 43.8),
    "I127": (11.3, 35.0),
    "Cs133": (7.13, 22.5),
}


def _averages(levels: NuclearLevels, shape: str, flux: PionDecayAtRest, term: Axial) -> np.ndarray:
    """Flux averages of all levels together, 1e-42 cm^2: prompt, and the sum of the delayed ones."""
    target = compound(f"[{levels.nuclide}]").with_levels(levels)
    chosen: AbstractExcitationShape = FiniteMomentum.on(target) if shape == "finite" else LongWavelength()
    found = _flux_averaged(NeutralCurrentExcitation({"axial": term}, chosen), flux, target)
    return 1e2 * np.asarray(jnp.stack([found[0], found[1] + found[2]]))


@functools.cache
def _of_table(name: str) -> np.ndarray:
    flux = PionDecayAtRest(1.0, 1.0, 1.0, 139.0, 105.6)
    return _averages(nuclear_levels(name), "long", flux, Axial(1.26, 0.0))


@functools.cache
def carbon_line(shape: str, squared_matrix_element: float) -> np.ndarray:
    """Flux averages of the 15.11 MeV line, 1e-42 cm^2: nu_mu, and the sum of nu_e and nu_mu_bar."""
    levels = NuclearLevels.isovector("C12", 0, (1,), [15.11], [squared_matrix_element])
    return _averages(levels, shape, PionDecayAtRest(1.0, 1.0, 1.0), _ISOVECTOR)


_FROM_BETA_DECAY = 0.86428619773 / 2.0
_FROM_GAMMA_DECAY = 0.5395
_MEASURED = ((3.2, 0.5, 0.4), (10.5, 1.0, 0.9))


def _lines():
    for name, values in _PUBLISHED_ISOVECTOR.items():
        for index, (component, value) in enumerate(zip(("prompt", "delayed"), values, strict=True)):
            yield PublishedNumber(
                id=f"isovector-{name.lower()}-{component}",
                source="independent calculation from the same shell-model tables, three digits",
                convention="all levels, unquenched, q = 0; g_A = 1.26, m_pi = 139 MeV, m_mu = 105.6 MeV; "
                f"{'nu_mu' if index == 0 else 'sum of nu_e and nu_mu_bar'}",
                published=value,
                tolerance=5e-3 * value,
                unit="1e-42 cm^2",
                compute=functools.partial(lambda name, index: float(_of_table(name)[index]), name, index),
            )
    for row in TALK_ROWS:
        yield PublishedNumber(
            id=f"isovector-{row.name}-events",
            source="this package's isovector strengths, beside the talk's row: prompt and delayed of the rows above",
            convention="as the talk's row, with <J_f||sum sigma tau_0/2||J_i>^2 of the packaged shell-model table",
            published=_expected_isovector_events(row),
            tolerance=1e-2 * _expected_isovector_events(row),
            unit="events",
            compute=functools.partial(_isovector, row),
        )


def _expected_isovector_events(row: TalkRow) -> float:
    fluence = row.neutrinos_per_proton * row.protons_on_target / (4e4 * np.pi * row.baseline_m**2)
    nuclei = 1e3 * row.mass_kg * _AVOGADRO_PER_MOL / nuclide(row.nuclide).mass_number
    return float(1e-42 * fluence * nuclei * sum(_PUBLISHED_ISOVECTOR[row.nuclide]))


def _karmen():
    convention = "B(GT) = 0.864286 (log ft 4.1175 of 12N, recalled), half of which is M2; g_A = 1.2756"
    for index, (component, value) in enumerate((("nu-mu", 2.5558636476), ("delayed", 11.657855771))):
        yield PublishedNumber(
            id=f"carbon-nc-q0-{component}",
            source="independent calculation",
            convention=f"q = 0, no weak magnetism; {convention}",
            published=value,
            tolerance=1e-5 * value,
            unit="1e-42 cm^2",
            compute=functools.partial(lambda index: float(carbon_line("long", _FROM_BETA_DECAY)[index]), index),
        )
    for index, (component, (value, statistical, systematic)) in enumerate(
        zip(("nu-mu", "delayed"), _MEASURED, strict=True)
    ):
        error = (statistical**2 + systematic**2) ** 0.5
        yield PublishedNumber(
            id=f"karmen-c12-{component}",
            source=f"KARMEN: {value} +- {statistical} +- {systematic}",
            convention="15.11 MeV; recoil, form factor of the p shell, weak magnetism; strength of B(M1) = 2.8523 "
            f"mu_N^2, taken as pure isovector spin: M2 = 0.5395; tolerance {0.16 * value / error:.1f} sigma",
            published=value,
            tolerance=0.16 * value,
            unit="1e-42 cm^2",
            compute=functools.partial(lambda index: float(carbon_line("finite", _FROM_GAMMA_DECAY)[index]), index),
        )


NUCLEAR_LINES = (*_talk(), *_lines(), *_karmen())
