"""Charged currents and inclusive reactions: averages over pion decay at rest and over radioactive sources.

Beside what is computed stands what was measured, with the distance of the two. Of 56Fe, 127I, natural lead (relative to
a calculation) and of what decay in flight does to 12C published averages are all there is: nothing is compared.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import equinox as eqx

from cevnsjax.arrays import as_float
from cevnsjax.cross_section import (
    AbstractReaction,
    FermiFunction,
    argon_to_potassium,
    carbon_to_nitrogen,
    flux_averaged_measurements,
    gallium_to_germanium,
    inclusive_reaction,
    inclusive_reactions,
)
from cevnsjax.flux import AbstractFlux, PionDecayAtRest, argon_37_source, chromium_51_source
from cevnsjax.validation.published_number import PublishedNumber

_SOURCE = "independent calculation (SciPy quadrature)"
_TABLE = "independent trapezia; table of SNOwGLoBES, 5 to 30 %"
_ALLOWED = "allowed, V_ud = 0.97373, no recoil"
_COULOMB = {
    "smaller": "Fermi function or modified effective momentum, R = 1.2 A^(1/3) fm: what is closer to 1",
    "fermi": "Fermi function with 2 (1 + S), R = 1.2 A^(1/3) fm",
}
_PION = "pion decay at rest"
_COMPONENTS = ("nu_mu", "nu_e", "nu_mu_bar")

# the average over nu_e of muon decay at rest, cm^2, and cross sections at energies in MeV
_ARGON = {
    ("Bhattacharya2009", "smaller"): (
        3.7776458751e-40,
        {10.0: 7.2409508778e-42, 20.0: 7.1921056609e-41, 30.0: 2.5553415506e-40, 50.0: 1.0330280801e-39},
    ),
    ("Bhattacharya1998", "smaller"): (
        3.572678576e-40,
        {10.0: 6.3874347002e-42, 20.0: 6.4319987704e-41, 30.0: 2.3835867396e-40, 50.0: 9.9039889689e-40},
    ),
    ("Liu1998", "smaller"): (
        3.6168017529e-40,
        {10.0: 6.3909626453e-42, 20.0: 6.5310117593e-41, 30.0: 2.4158148899e-40, 50.0: 1.001674304e-39},
    ),
    ("Bhattacharya2009", "fermi"): (3.786595144e-40, {50.0: 1.0501727111e-39}),
    ("Bhattacharya1998", "fermi"): (3.5804964988e-40, {50.0: 1.0056897531e-39}),
    ("Liu1998", "fermi"): (3.6246147903e-40, {50.0: 1.0170633378e-39}),
}

# name of the table, what is averaged over and added up, cm^2, the measurement that it stands beside
_TABLES = (
    ("H2", ("nu_e",), 5.51704e-41, "2H(nu_e, e-)pp"),
    ("C12", ("nu_e",), 1.43147e-41, ""),
    ("C12-15.11", ("nu_mu",), 3.21184e-42, "12C(nu_mu, nu_mu)12C(15.11)"),
    ("C12-15.11", ("nu_e", "nu_mu_bar"), 1.46350e-41, "12C(nu, nu)12C(15.11) nu_e + nu_mu_bar"),
    ("C13", ("nu_e",), 2.67568e-41, ""),
    ("C13-neutral", _COMPONENTS, 3.54864e-41, ""),
    ("O16", ("nu_e",), 9.00372e-42, ""),
    ("O16-neutral", _COMPONENTS, 1.26950e-41, ""),
    ("Ar40-rpa", ("nu_e",), 2.60615e-40, ""),
    ("Ar40-marley-1", ("nu_e",), 2.69130e-40, ""),
    ("Ar40-neutral", _COMPONENTS, 6.90108e-41, ""),
    ("Pb208-1n", ("nu_e",), 2.34559e-39, ""),
    ("Pb208-2n", ("nu_e",), 1.33974e-39, ""),
    ("Pb208-neutral-1n", _COMPONENTS, 4.19151e-40, ""),
    ("Pb208-neutral-2n", _COMPONENTS, 1.86499e-40, ""),
)


_flux_averaged = eqx.filter_jit(AbstractReaction.flux_averaged)


@functools.cache
def _argon(strengths: str, coulomb: str) -> AbstractReaction:
    reaction = argon_to_potassium(strengths)
    return dataclasses.replace(reaction, coulomb=FermiFunction()) if coulomb == "fermi" else reaction


def _averaged_cm2(build: Callable[[], AbstractReaction], components: tuple[str, ...] = ("nu_e",)) -> float:
    """Sum of the averages over some components of pion decay at rest."""
    averages = _flux_averaged(build(), PionDecayAtRest(0.08, 1e23, 20.0))
    return 1e-40 * sum(float(averages[_COMPONENTS.index(name)]) for name in components)


def _argon_at_cm2(strengths: str, coulomb: str, energy_MeV: float) -> float:
    return 1e-40 * float(_argon(strengths, coulomb).cross_section(as_float(energy_MeV), "nu_e"))


def _excited_nitrogen_cm2() -> float:
    return _averaged_cm2(lambda: inclusive_reaction("C12")) - _averaged_cm2(carbon_to_nitrogen)


def _gallium_cm2(source: Callable[[], AbstractFlux]) -> float:
    return 1e-40 * float(_flux_averaged(gallium_to_germanium(), source())[0])


def _distances(value_cm2: float, reaction: str, flux: str = _PION) -> str:
    """What was measured, and how far from it a number is."""
    found = [each for each in flux_averaged_measurements() if (each.reaction, each.flux) == (reaction, flux)]
    return "".join(f"; measured {each}, {each.distance(1e42 * value_cm2):+.1f} sigma from it" for each in found)


def _row(
    name: str, source: str, convention: str, published: float, relative: float, compute: Callable[[], float]
) -> PublishedNumber:
    return PublishedNumber(name, source, convention, published, relative * published, "cm^2", compute)


def _rows() -> Iterator[PublishedNumber]:
    ground, excited = 8.7224521932e-42, 5.5923e-42
    yield _row(
        "c12-n12-ground-state-average",
        _SOURCE,
        f"nu_e of {_PION}; {_ALLOWED}, q = 0, B(GT) = 0.86429 (log ft = 4.1175, recalled), g_A = 1.2756, "
        f"Q = 17.338 MeV; {_COULOMB['smaller']}{_distances(ground, '12C(nu_e, e-)12N ground state')}",
        ground,
        1e-3,
        functools.partial(_averaged_cm2, carbon_to_nitrogen),
    )
    yield _row(
        "c12-n12-excited-average",
        f"{_TABLE}, less the ground state",
        f"nu_e of {_PION}; inclusive table less q = 0 ground state{_distances(excited, '12C(nu_e, e-)12N excited')}",
        excited,
        1e-2,
        _excited_nitrogen_cm2,
    )
    for (strengths, coulomb), (average, at_energies) in _ARGON.items():
        convention = f"40Ar(nu_e, e-)40K*, strengths of {strengths} and QRPA; {_ALLOWED}; {_COULOMB[coulomb]}"
        name = f"ar40-k40-{strengths.lower()}-{coulomb}"
        build = functools.partial(_argon, strengths, coulomb)
        compute = functools.partial(_averaged_cm2, build)
        yield _row(f"{name}-average", _SOURCE, f"nu_e of {_PION}; {convention}", average, 1e-4, compute)
        for energy, value in at_energies.items():
            compute = functools.partial(_argon_at_cm2, strengths, coulomb, energy)
            yield _row(f"{name}-{energy:g}-mev", _SOURCE, f"{energy:g} MeV; {convention}", value, 1e-5, compute)
    formulas = inclusive_reactions()
    for table, components, value, reaction in _TABLES:
        yield _row(
            f"inclusive-{table.lower()}-{'-'.join(components)}",
            _TABLE,
            f"{formulas[table]}; {' + '.join(components)} of {_PION}{_distances(value, reaction)}",
            value,
            1e-2,
            functools.partial(_averaged_cm2, functools.partial(inclusive_reaction, table), components),
        )
    for flux, source, theory, ours, author in (
        ("51Cr", chromium_51_source, 5.8e-45, 5.663e-45, "W. C. Haxton, 1998"),
        ("37Ar", argon_37_source, 7.0e-45, 6.837e-45, "J. N. Bahcall, 1997"),
    ):
        yield _row(
            f"ga71-ge71-{flux.lower()}-average",
            f"{author}, as Formaggio and Zeller, Rev. Mod. Phys. 84, 1307 (2012), quote it",
            f"lines of {flux}; {_ALLOWED}, no screening; strengths and lines recalled; {_COULOMB['fermi']}"
            f"{_distances(ours, '71Ga(nu_e, e-)71Ge', flux)}",
            theory,
            5e-2,
            functools.partial(_gallium_cm2, source),
        )


NEUTRINO_REACTIONS = tuple(_rows())
