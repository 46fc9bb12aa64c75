"""Published limits on light dark matter, and dark matter's rows of a talk's table of elastic and inelastic events.

A limit is where the probability of fewer events falls to 10 % (asymptotically, one-sided), at one mass, with all
nuisance parameters of the experiment and of its beam. What the papers did is in no public file: their limits are from
points that others digitised, and the factors that are left are explained in ``docs/dark-matter-limits.md``.
"""

import functools

from cevnsjax.cross_section import DarkExcitation, DarkNucleus, Panels, TalkGamowTeller
from cevnsjax.experiment import named_experiment
from cevnsjax.flux import DarkFlux, NeutralPion, beam_pions
from cevnsjax.inference import Model, expected_upper_limit, upper_limit
from cevnsjax.inference.catalogue import prepared_model
from cevnsjax.models import named_model
from cevnsjax.particle import DiracDarkMatter, VectorPortal
from cevnsjax.paths import set_number
from cevnsjax.program import program
from cevnsjax.target import Material, dutta_huang_newstead_pandey_levels
from cevnsjax.validation.nuclear_lines import TALK_ROWS
from cevnsjax.validation.published_number import PublishedNumber

_PARTICLE = "sources.dark.flux.dark_matter"


@functools.lru_cache(maxsize=1)  # a limit and a sensitivity of one mass follow one another
def _model(name: str, coupling: str, mass_MeV: float, mass_ratio: float) -> Model:
    chosen = named_model(name)
    experiment = chosen.prepared(named_experiment("coherent-csi-2021"))
    experiment = set_number(experiment, f"{_PARTICLE}.mass_MeV", mass_MeV)
    experiment = set_number(experiment, f"{_PARTICLE}.mass_ratio", mass_ratio)
    return prepared_model(chosen, experiment, free=[coupling])


def _observed(*of: str | float) -> float:
    model = _model(*of)  # pyright: ignore[reportArgumentType]
    return upper_limit(model, model.names[0], cls=False)


def _expected(*of: str | float) -> float:
    model = _model(*of)  # pyright: ignore[reportArgumentType]
    return expected_upper_limit(model, model.names[0], cls=False)


def _limits():
    vector = (
        "scalar, alpha_D = 0.5, m_V = 3 m_chi; 90 %, one-sided and asymptotic, all nuisance parameters profiled; pi0 "
        "and captured pi- alone; digitised points"
    )
    for mass, observed, sensitivity in ((10.0, 3.40e-11, 4.21e-11), (25.0, 8.45e-11, 1.09e-10)):
        of = ("vector-portal-dm", "Y", mass, 3.0)
        for kind, value, share, compute in (
            ("limit", observed, 0.25, _observed),
            ("sensitivity", sensitivity, 0.35, _expected),
        ):
            yield PublishedNumber(
                id=f"dark-matter-csi-2021-{kind}-{mass:g}-mev",
                source="COHERENT, arXiv:2110.11453, Fig. 3",
                convention=f"Y at m_chi = {mass:g} MeV; {vector}; tolerance {share:.0%}: statistic, pi0 yield, pulse",
                published=value,
                tolerance=share * value,
                unit="1",
                compute=functools.partial(compute, *of),
                slow=True,
            )
    for mass, value in ((10.0, 2.25e-11), (25.0, 3.61e-11), (50.0, 1.47e-10)):
        yield PublishedNumber(
            id=f"leptophobic-csi-2021-limit-{mass:g}-mev",
            source="COHERENT, arXiv:2205.12414",
            convention=f"alpha_B at m_V = {2.1 * mass:g} MeV; scalar of {mass:g} MeV, alpha_chi = 0.5, epsilon_B = 0; "
            "90 %, one-sided and asymptotic, all nuisance parameters profiled; pi0 alone; digitised points; tolerance "
            "35 %: statistic, pi0 yield, pulse",
            published=value,
            tolerance=0.35 * value,
            unit="1",
            compute=functools.partial(_observed, "leptophobic-dm", "alpha_B", mass, 2.1),
            slow=True,
        )


# --- the talk's table: m_chi = 30 MeV, m_V = 90 MeV; its flux is in no public file, so what is compared are ratios


@program
def _recoils(flux: DarkFlux, target: Material, panels: Panels):
    seen = DarkNucleus(spin_half=True)
    return seen.spectrum(seen.nodes(flux, target, panels), flux, target).total().sum()


@program
def _lines(flux: DarkFlux, target: Material):
    seen = DarkExcitation(TalkGamowTeller(energy_in_propagator=False))
    return seen.spectrum(seen.nodes(flux, target), flux, target).total().sum()


@functools.cache
def _events(index: int, lines: bool = False) -> float:
    row = TALK_ROWS[index]
    pions = NeutralPion(mesons=beam_pions("lujan").of_yield(row.neutrinos_per_proton), isotropic=True)
    particle = DiracDarkMatter(mass_MeV=30.0, portal=VectorPortal(1e-4, 0.5), mass_ratio=3.0)
    flux = DarkFlux(particle, {"pi0": pions}, row.protons_on_target, row.baseline_m, slices=(0.0,))
    target = row.target(dutta_huang_newstead_pandey_levels(row.nuclide))
    if lines:
        return row.mass_kg * float(_lines(flux, target))
    return row.mass_kg * float(_recoils(flux, target, Panels.of_all_recoils(flux, 1e-3)))


def _talk():
    setting = (
        "Dirac, m_chi = 30 MeV, m_V = 90 MeV, epsilon = 1e-4, alpha_D = 0.5, no threshold; pi0 of the Lujan target at "
        "90 degrees here, an unpublished flux there"
    )
    talk, notebook = "B. Dutta et al., talk of 2024", "github.com/noctildon/Inelastic, dark matter GT.nb, stored output"
    for name, source, which, published, share, first, second in (
        ("ccm-over-coherent", notebook, "argon, CCM over COHERENT", 99.23280981 / 1.18322172, 1e-3, (1,), (0,)),
        ("cs133-over-ar40", talk, "Cs133 over Ar40 at COHERENT", 4.11 / 1.18, 0.03, (2,), (0,)),
        ("i127-over-ar40", talk, "I127 over Ar40 at COHERENT", 3.87 / 1.18, 0.03, (3,), (0,)),
        (
            "elastic-over-lines",
            notebook,
            "argon, elastic over lines, which have l.l - l_33 and E'^2/(p p') there, and l.l and E'/p here",
            62.10639533,
            0.03,
            (0,),
            (0, True),
        ),
    ):
        yield PublishedNumber(
            id=f"talk-dark-matter-{name}",
            source=source,
            convention=f"ratio of events, {which}; {setting}",
            published=published,
            tolerance=share * published,
            unit="1",
            compute=functools.partial(_ratio, first, second),
            slow=True,
        )


def _ratio(first: tuple, second: tuple) -> float:
    return _events(*first) / _events(*second)


DARK_LIMITS = (*_limits(), *_talk())
