"""Neutrinos and WIMPs of the fog: fluxes with their uncertainties, and the recoils that they make."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_edges, check_not_negative, check_positive
from cevnsjax.cross_section import AbstractNeutrinoScattering, Coherent, ErlerSu, Recoil, WimpNucleus
from cevnsjax.design.fog import Fog
from cevnsjax.errors import CevnsjaxError, UnknownNameError
from cevnsjax.experiment import Scattering
from cevnsjax.flux import (
    AbstractFlux,
    DiffuseSupernovae,
    HaloWimps,
    SolarOscillation,
    Source,
    StandardHalo,
    atmospheric_neutrinos,
    solar_neutrinos,
)
from cevnsjax.particle import Wimp
from cevnsjax.program import program
from cevnsjax.spectrum import gauss_legendre_panels
from cevnsjax.target import Helm, Material, compound

_YEAR_S = 365.25 * 86400.0
_KG_PER_TONNE = 1e3
_ORDER = 6  # nodes of each interval; bins are narrow
_LOWEST_KEV, _HIGHEST_KEV, _BINS = 1e-4, 200.0, 50


class FluxNorm(NamedTuple):
    """Flux of a source, cm^-2 s^-1, and its relative standard deviation."""

    flux_per_cm2_s: float
    uncertainty: float


FLUX_NORMS: Mapping[str, FluxNorm] = {
    "pp": FluxNorm(5.98e10, 0.006),
    "pep": FluxNorm(1.44e8, 0.01),
    "hep": FluxNorm(7.98e3, 0.3),
    "7Be": FluxNorm(4.93e8 + 4.50e9, 0.06),
    "8B": FluxNorm(5.16e6, 0.02),
    "13N": FluxNorm(2.78e8, 0.15),
    "15O": FluxNorm(2.05e8, 0.17),
    "17F": FluxNorm(5.29e6, 0.2),
    "dsnb": FluxNorm(85.7, 0.5),
    "atmospheric": FluxNorm(10.7, 0.25),
}
"""Fluxes of O'Hare, Phys. Rev. Lett. 127, 251802 (2021), as its public code has them: B16-GS98 with measured ones where
there are better, and all flavours of supernova and of atmospheric neutrinos. Its neutrinos of the Earth and of reactors
are left out."""


def recoil_edges_keV() -> np.ndarray:
    """Edges of 50 bins of recoil energy from 1e-4 to 200 keV, even in the logarithm, as O'Hare has them."""
    return np.geomspace(_LOWEST_KEV, _HIGHEST_KEV, _BINS + 1)


def fog_scattering(formula: str, norms: Mapping[str, FluxNorm] = FLUX_NORMS) -> Scattering:
    """Neutrinos of the fog on a target, for a year: what a model may change.

    The interaction is called cevns, as in every experiment. Solar neutrinos change flavour in the Sun; those of the
    atmosphere and of supernovae arrive as they are made, which only matters to interactions that tell flavours apart.

    Parameters
    ----------
    formula
        The target, like ``"Xe"`` or ``"CaWO4"``, with form factors of Helm.
    norms
        Fluxes of the sources that there are, by their names in ``FLUX_NORMS``.

    Raises
    ------
    UnknownNameError
        If there is no such source.
    CevnsjaxError
        If the formula cannot be read.
    """
    sources: dict[str, Source] = {}
    for name, norm in norms.items():
        if name not in FLUX_NORMS:
            raise UnknownNameError("source of the fog", name, tuple(FLUX_NORMS))
        check_positive(f"norms[{name!r}].flux_per_cm2_s", norm.flux_per_cm2_s, "cm^-2 s^-1")
        sources[name] = Source.steady(_flux(name, norm.flux_per_cm2_s))
    if not sources:
        raise CevnsjaxError("A fog needs at least one source of neutrinos, got none.")
    return Scattering(compound(formula, Helm.lewin_smith), {"cevns": Coherent({"sm": ErlerSu()})}, sources)


def _flux(name: str, flux_per_cm2_s: float) -> AbstractFlux:
    """What arrives of a source over a year."""
    others = {"dsnb": DiffuseSupernovae, "atmospheric": atmospheric_neutrinos}
    if name not in others:
        solar = solar_neutrinos(_YEAR_S, SolarOscillation(), (name,))
        return eqx.tree_at(lambda flux: flux.flux_per_cm2_s[name], solar, as_float(flux_per_cm2_s))
    flux: Any = others[name](_YEAR_S)
    return eqx.tree_at(lambda flux: flux.norm, flux, flux_per_cm2_s * _YEAR_S / _fluence_per_cm2(flux))


@program
def _fluence_per_cm2(flux: AbstractFlux) -> Float[Array, ""]:
    return flux.fluence_per_cm2.sum()


def neutrino_recoils_per_t_yr(
    scattering: Scattering, source: str, edges_keV: Float[Array, " edge"]
) -> Float[Array, " bin"]:
    """Recoils that a source makes between edges, summed over everything that it does, (t yr)^-1.

    Parameters
    ----------
    scattering
        The sources over a year.
    source
        Name of one of them.
    edges_keV
        Edges of the bins, keV.
    """
    flux, total = scattering.sources[source].flux, jnp.zeros(edges_keV.shape[0] - 1)
    for interaction in scattering.interactions.values():
        if isinstance(flux, interaction.sees):
            total = total + _recoils_per_kg(interaction, flux, scattering.target, edges_keV)
    return _KG_PER_TONNE * total


@program
def _recoils_per_kg(
    interaction: AbstractNeutrinoScattering, flux: AbstractFlux, target: Material, edges_keV: Float[Array, " edge"]
) -> Float[Array, " bin"]:
    """Quadrature ends at every edge, and where a break point of the flux ends for each nuclide: lines are exact."""
    ends = [interaction.largest_recoil_keV(flux.break_points_MeV, nuclide) for nuclide in target.nuclides.values()]
    inner = jnp.clip(jnp.concatenate(ends), edges_keV[0], edges_keV[-1])
    parts = jnp.sort(jnp.concatenate([edges_keV, inner]))
    energy, width = gauss_legendre_panels(parts, _ORDER)
    density = interaction.recoil_density(energy, flux, target).sum(axis=0)
    bins = edges_keV.shape[0] - 1
    place = jnp.clip(jnp.searchsorted(edges_keV, energy, side="right") - 1, 0, bins - 1)
    return jax.ops.segment_sum(density * width, place, num_segments=bins, indices_are_sorted=True)


def wimp_recoils_per_t_yr(
    mass_MeV: Float[Array, " mass"],
    target: Material,
    edges_keV: Float[Array, " edge"],
    halo: StandardHalo | None = None,
    density_GeV_per_cm3: float = 0.3,
) -> Float[Array, "mass bin"]:
    """Recoils of WIMPs of some masses between edges, for sigma_p = 1e-45 cm^2, (t yr)^-1.

    Parameters
    ----------
    mass_MeV
        Masses, MeV.
    target
        What is hit.
    edges_keV
        Edges of the bins, keV.
    halo, density_GeV_per_cm3
        Speeds, those of O'Hare by default, and mass density, GeV/cm^3.
    """
    check_positive("mass_MeV", mass_MeV, "MeV")
    source = HaloWimps(Wimp(1.0), _YEAR_S, density_GeV_per_cm3, StandardHalo() if halo is None else halo)
    return _KG_PER_TONNE * _wimp_recoils_per_kg(mass_MeV, source, target, edges_keV)


@program
def _wimp_recoils_per_kg(
    mass_MeV: Float[Array, " mass"], source: HaloWimps, target: Material, edges_keV: Float[Array, " edge"]
) -> Float[Array, "mass bin"]:
    def of_mass(mass: Float[Array, ""]) -> Float[Array, " bin"]:
        heavy = eqx.tree_at(lambda each: each.wimp.mass_MeV, source, mass)
        return WimpNucleus().counts(edges_keV, heavy, target)

    return jax.lax.map(of_mass, mass_MeV)


def recoil_fog(
    scattering: Scattering,
    mass_MeV,
    edges_keV=None,
    norms: Mapping[str, FluxNorm] = FLUX_NORMS,
    halo: StandardHalo | None = None,
    density_GeV_per_cm3: float = 0.3,
    progress: Callable[[int, int], None] | None = None,
) -> Fog:
    """The fog of a detector that sees recoils as they are; its sources are in alphabetical order.

    Parameters
    ----------
    scattering
        Target, neutrinos over a year and what they do: :func:`fog_scattering`, or that with the interactions of a
        model.
    mass_MeV
        Masses of the WIMP, MeV.
    edges_keV
        Edges of the bins, keV; those of :func:`recoil_edges_keV` by default.
    norms
        How well the fluxes of the sources are known.
    halo, density_GeV_per_cm3
        Speeds and mass density of WIMPs.
    progress
        Called before the first and after every source with how many are done, and how many there are.

    Raises
    ------
    UnknownNameError
        If nobody knows how well the flux of a source is known.
    CevnsjaxError
        If edges do not increase, a mass is not positive, or something else than a nucleus recoils.
    """
    edges = as_float(check_edges("edges_keV", recoil_edges_keV() if edges_keV is None else edges_keV, "keV"))
    check_not_negative("edges_keV", edges, "keV")
    names = sorted(scattering.sources)
    for name in names:
        if name not in norms:
            raise UnknownNameError("source of the fog", name, tuple(norms))
    masses = jnp.atleast_1d(as_float(mass_MeV))
    for name, interaction in scattering.interactions.items():
        if interaction.recoil is not Recoil.NUCLEUS:
            raise CevnsjaxError(
                f"A fog is one of nuclear recoils, but {name} is not: leave electrons out of the model."
            )
    background = []
    for done, name in enumerate(names):
        if progress is not None:
            progress(done, len(names))
        background.append(neutrino_recoils_per_t_yr(scattering, name, edges))
    if progress is not None:
        progress(len(names), len(names))
    return Fog(
        masses,
        wimp_recoils_per_t_yr(masses, scattering.target, edges, halo, density_GeV_per_cm3),
        jnp.stack(background),
        as_float([norms[name].uncertainty for name in names]),
    )
