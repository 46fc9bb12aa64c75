"""Reactors: antineutrinos per fission, fluxes at well-known places, and yields of inverse beta decay."""

import functools

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from cevnsjax.arrays import as_float
from cevnsjax.cross_section import inverse_beta_decay_cross_section_cm2
from cevnsjax.flux import POWERS, Reactor, ThermalPower, huber_mueller_polynomials, reactor_spectra
from cevnsjax.flux.interpolated import InterpolatedSpectra
from cevnsjax.flux.reactor_spectra import ISOTOPES
from cevnsjax.spectrum import gauss_legendre_panels
from cevnsjax.validation.published_number import PublishedNumber

_INDEPENDENT = "independent calculation"
_FRACTIONS = "fission fractions 0.55/0.07/0.32/0.06 of U235/U238/Pu239/Pu241"
_ENERGIES = "202.36/205.99/211.12/214.26 MeV per fission"


@functools.cache
def _above(name: str, energy_MeV: float, logarithmic: bool | None) -> np.ndarray:
    """Antineutrinos per fission of each isotope above an energy."""
    spectra = reactor_spectra(name, logarithmic=logarithmic).fission
    return np.asarray(eqx.filter_jit(InterpolatedSpectra.moments)(spectra, as_float(energy_MeV))[:, POWERS.index(0)])


@functools.cache
def _capture_means_MeV() -> np.ndarray:
    """Integrals of E f(E) over those of f(E), by quadrature between the knots."""

    @eqx.filter_jit
    def means(spectra: InterpolatedSpectra):
        knots = spectra.energy_MeV
        energy, weight = gauss_legendre_panels(knots, (4,) * (knots.shape[0] - 1))
        strength = spectra.density(energy) * weight[None]
        return (energy[None] * strength).sum(axis=1) / strength.sum(axis=1)

    capture = reactor_spectra("bestiole-2023").capture
    assert capture is not None
    return np.asarray(means(capture))


def _spectra_rows():
    tables = [
        (
            "bestiole-2023",
            "L. Perisse et al., arXiv:2304.14992, sum of the 25 keV bins",
            "all energies; linear between bin centres, the outer bins' averages over their outer halves",
            0.0,
            None,
            (6.078, 7.163, 5.503, 6.261),
            1e-3,
        ),
        (
            "bestiole-2023",
            "L. Perisse et al., arXiv:2304.14992, trapezoid over the bin centres above 1.806 MeV",
            "from the first of these centres, 1.8125 MeV; from 1.806 MeV it is 0.5 % more",
            1.8125,
            None,
            (1.823, 2.515, 1.468, 1.921),
            1e-3,
        ),
        (
            "vogel-engel",
            "trapezoid over the table",
            "7.8 keV to 8 MeV; linear interpolation (of the logarithm: 0.6 % to 0.9 % less)",
            0.0,
            False,
            (5.72, 6.79, 5.13, 5.91),
            1e-3,
        ),
    ]
    for name, source, convention, lowest, logarithmic, values, tolerance in tables:
        for row, (isotope, value) in enumerate(zip(ISOTOPES, values, strict=True)):
            yield PublishedNumber(
                id=f"reactor-{name}-{isotope.lower()}" + (f"-above-{lowest:g}-mev" if lowest else ""),
                source=source,
                convention=convention,
                published=value,
                tolerance=tolerance * value,
                unit="antineutrinos per fission",
                compute=lambda given=(name, lowest, logarithmic), row=row: float(_above(*given)[row]),
            )
    for row, (decay, value) in enumerate({"U239": 0.800, "Np239": 0.278}.items()):
        yield PublishedNumber(
            id=f"reactor-capture-mean-{decay.lower()}",
            source="L. Perisse et al., arXiv:2304.14992, mean over the 25 keV bins",
            convention="linear between bin centres",
            published=value,
            tolerance=1e-3 * value,
            unit="MeV",
            compute=lambda row=row: float(_capture_means_MeV()[row]),
        )
    polynomials = {
        "U235": (1.3214055755, 0.29226685707, 0.038052366581, 0.0014737044708),
        "Pu239": (1.0900766338, 0.19808401898, 0.019267491143, 0.00048924459464),
        "Pu241": (1.2614628001, 0.27679005067, 0.029214094436, 0.00094732152772),
    }
    for isotope, values in polynomials.items():
        for energy, value in zip((2, 4, 6, 8), values, strict=True):
            yield PublishedNumber(
                id=f"reactor-huber-polynomial-{isotope.lower()}-{energy}-mev",
                source=_INDEPENDENT,
                convention=f"P. Huber, Phys. Rev. C 84, 024617 (2011), exp of polynomial at {energy} MeV",
                published=value,
                tolerance=1e-9 * value,
                unit="MeV^-1 fission^-1",
                compute=functools.partial(_polynomial, ISOTOPES.index(isotope), float(energy)),
            )


def _polynomial(row: int, energy_MeV: float) -> float:
    return float(huber_mueller_polynomials().density(as_float(energy_MeV))[row])


def _flux_per_cm2_s(power_GW: float, baseline_m: float) -> float:
    return float(Reactor("texono", ThermalPower(power_GW, baseline_m), 1.0).flux_per_cm2_s)


def _fissions_per_cm2_s(strength: ThermalPower) -> float:
    return float(strength.fissions_per_cm2_s(Reactor("texono", strength, 1.0).fission_fractions))


def _flux_rows():
    yield PublishedNumber(
        id="reactor-texono-antineutrinos-per-fission",
        source="H. T. Wong et al. (TEXONO), Phys. Rev. D 75, 012001 (2007)",
        convention=f"6.14/7.08/5.58/6.42 per fission and 1.2 of captures; {_FRACTIONS}; the table rounds to 7.24",
        published=7.2434,
        tolerance=7.2434e-3,
        unit="antineutrinos per fission",
        compute=lambda: float(Reactor("texono", ThermalPower(1.0, 1.0), 1.0).antineutrinos_per_fission),
    )
    places = [
        ("conus", ThermalPower(3.9, 17.1), 3213721115400.0, 2.3267340875e13),
        ("conus-plus", ThermalPower(3.6, 20.7), 2024405972300.0, 1.4656699240e13),
        ("dresden-ii", ThermalPower(2.96, 10.39), 6606879956400.0, 4.7833810884e13),
        ("nucleus-chooz", ThermalPower(8.5, [72.0, 102.0], [0.5, 0.5]), 295971430000.0, None),
    ]
    for place, strength, fissions, flux in places:
        power, baselines = float(strength.thermal_power_GW), np.atleast_1d(strength.baseline_m)
        where = f"{power:g} GW at {' and '.join(f'{baseline:g}' for baseline in baselines)} m"
        yield PublishedNumber(
            id=f"reactor-fissions-{place}",
            source=_INDEPENDENT,
            convention=f"P/(4 pi L^2 sum_i f_i e_i), {where}; {_FRACTIONS}; {_ENERGIES}",
            published=fissions,
            tolerance=1e-10 * fissions,
            unit="cm^-2 s^-1",
            compute=functools.partial(_fissions_per_cm2_s, strength),
        )
        if flux is not None:
            yield PublishedNumber(
                id=f"reactor-flux-{place}",
                source=f"{_INDEPENDENT} with 7.24 antineutrinos per fission; published as "
                + {"conus": "2.3e13", "conus-plus": "1.5e13 (recalled)", "dresden-ii": "4.8e13 (recalled)"}[place],
                convention=f"{where}; TEXONO's 7.2434 per fission, captures included; {_FRACTIONS}; {_ENERGIES}",
                published=flux,
                tolerance=1e-3 * flux,
                unit="cm^-2 s^-1",
                compute=functools.partial(_flux_per_cm2_s, power, float(baselines[0])),
            )


@functools.cache
def _yields_cm2(polynomials: bool) -> tuple[float, ...]:
    """Cross sections of inverse beta decay averaged over a fission of each isotope, 1.806 to 8 MeV."""
    spectra = huber_mueller_polynomials() if polynomials else reactor_spectra("huber-mueller").fission
    edges = as_float([1.806, *np.arange(2.0, 8.1, 0.25)])

    @eqx.filter_jit
    def yields(spectra, edges):
        energy, weight = gauss_legendre_panels(edges, (12,) * (edges.shape[0] - 1))
        return jnp.tensordot(spectra.density(energy), weight * inverse_beta_decay_cross_section_cm2(energy), axes=1)

    return tuple(map(float, yields(spectra, edges)))


def _yield_rows():
    independent = (6.6218530934e-43, 1.0002396881e-42, 4.3417882214e-43, 5.9926441707e-43)
    published = (6.69e-43, 10.10e-43, 4.40e-43, 6.03e-43)
    cases = [
        (True, "polynomials", f"{_INDEPENDENT}, Strumia-Vissani", independent, 1e-6),
        (False, "tables", "Huber and Mueller as used by reactor experiments (recalled)", published, 0.015),
    ]
    for polynomials, kind, source, values, tolerance in cases:
        for row, (isotope, value) in enumerate(zip(ISOTOPES, values, strict=True)):
            yield PublishedNumber(
                id=f"reactor-inverse-beta-decay-{kind}-{isotope.lower()}",
                source=source,
                convention=f"{kind} of Huber and Mueller, 1.806 to 8 MeV; Strumia and Vissani (2003), eq. 25",
                published=value,
                tolerance=tolerance * value,
                unit="cm^2 per fission",
                compute=lambda polynomials=polynomials, row=row: _yields_cm2(polynomials)[row],
            )


REACTOR = (*_spectra_rows(), *_flux_rows(), *_yield_rows())
