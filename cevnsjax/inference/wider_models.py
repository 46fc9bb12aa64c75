"""Models that are more than a term: what they change in an experiment, and what they offer to be free."""

import dataclasses
import functools
import re

import equinox as eqx
import numpyro.distributions as dist

from cevnsjax.cross_section import EARTH_NEUTRONS_PER_PROTON, DipolePortal, FlavourVector
from cevnsjax.errors import ParameterError
from cevnsjax.flux import SterileOscillation
from cevnsjax.inference.model import Derived
from cevnsjax.parameter import Parameter
from cevnsjax.target import NeutronSkin

FLAVOUR_NAMES = ("e", "mu", "tau")


def radii(experiment) -> tuple[Parameter, ...]:
    """Radii of neutrons and protons of all nuclides."""
    return tuple(
        Parameter(
            f"{nucleon}_radius_{name}",
            # from half to twice the radius of a ball of nuclear density
            dist.Uniform(0.46 * isotope.mass_number ** (1 / 3), 1.86 * isotope.mass_number ** (1 / 3)),
            f"target.nuclides.{name}.{nucleon}_form_factor.rms_radius_fm",
            "fm",
            f"rms radius of the {nucleon}s of {name}",
        )
        for nucleon in ("neutron", "proton")
        for name, isotope in experiment.target.nuclides.items()
    )


def neutron_radius_names(experiment) -> tuple[str, ...]:
    """Names of the neutron radii among :func:`radii`."""
    return tuple(f"neutron_radius_{name}" for name in experiment.target.nuclides)


def with_neutron_skins(experiment):
    """Tie the neutron radius of every nuclide to that of its protons."""
    nuclides = {
        name: isotope
        if isinstance(isotope.neutron_form_factor, NeutronSkin)
        else dataclasses.replace(isotope, neutron_form_factor=NeutronSkin(isotope.proton_form_factor))
        for name, isotope in experiment.target.nuclides.items()
    }
    return eqx.tree_at(lambda e: e.target.nuclides, experiment, nuclides)


def neutron_skins(experiment) -> tuple[Parameter, ...]:
    """One skin for all nuclides, or one for each."""
    where = {
        name: f"target.nuclides.{name}.neutron_form_factor.skin_fm"
        for name, isotope in experiment.target.nuclides.items()
    }
    prior = dist.Uniform(-1.0, 1.5)
    return (
        Parameter("neutron_skin", prior, tuple(where.values()), "fm", "R_n - R_p, the same for all nuclides"),
        *(Parameter(f"neutron_skin_{name}", prior, path, "fm", f"R_n - R_p of {name}") for name, path in where.items()),
    )


def _matter_combination(experiment, entry: tuple[int, int], reference: tuple[int, int] | None = None):
    """Real part of an entry of the NSI in the Earth's matter, less that of another entry."""
    matrix = experiment.interactions["cevns"].terms["nsi"].in_matter(EARTH_NEUTRONS_PER_PROTON)[0]
    return matrix[entry] - (0.0 if reference is None else matrix[reference])


NSI_IN_MATTER = (
    Derived("eps_ee_mumu_matter", functools.partial(_matter_combination, entry=(0, 0), reference=(1, 1))),
    Derived("eps_tautau_mumu_matter", functools.partial(_matter_combination, entry=(2, 2), reference=(1, 1))),
    Derived("eps_emu_matter", functools.partial(_matter_combination, entry=(0, 1))),
    Derived("eps_etau_matter", functools.partial(_matter_combination, entry=(0, 2))),
    Derived("eps_mutau_matter", functools.partial(_matter_combination, entry=(1, 2))),
)
"""What oscillations in matter see of NSI: LMA-Dark is near eps_ee - eps_mumu = -2."""


def with_dipole_portal(experiment):
    """Add upscattering into a heavy neutrino."""
    if "dipole_portal" in experiment.interactions:
        return experiment
    added = {"dipole_portal": DipolePortal(10.0, FlavourVector.universal(1e-10))}
    return eqx.tree_at(lambda e: e.interactions, experiment, {**experiment.interactions, **added})


def dipole_parameters(_) -> tuple[Parameter, ...]:
    """Mass and moments of the dipole portal."""
    where, moments = "interactions.dipole_portal.", tuple(f"moment.{flavour}" for flavour in FLAVOUR_NAMES)
    prior = dist.LogUniform(1e-12, 1e-6)
    return (
        Parameter("mass", dist.LogUniform(0.01, 60.0), f"{where}mass_MeV", "MeV", "mass of the heavy neutrino"),
        Parameter(
            "moment", prior, tuple(where + leaf for leaf in moments), "mu_B", "dipole moment, the same for all flavours"
        ),
        *(
            Parameter(f"moment_{flavour}", prior, where + leaf, "mu_B", f"dipole moment of nu_{flavour}")
            for flavour, leaf in zip(FLAVOUR_NAMES, moments, strict=True)
        ),
    )


def with_sterile_neutrino(experiment):
    """Let the flux oscillate into a sterile neutrino on its way."""
    if isinstance(experiment.flux, SterileOscillation):
        return experiment
    if not hasattr(experiment.flux, "baseline_m"):
        raise ParameterError("The model 'sterile' needs a source at a distance; this flux has no baseline.")
    flux = SterileOscillation(experiment.flux, 1.0, experiment.flux.baseline_m)
    # what the experiment says of its flux is now said of the flux at the source
    nuisances = tuple(
        dataclasses.replace(p, where=tuple(re.sub(r"^flux\.", "flux.source.", path) for path in p.paths))
        for p in experiment.nuisances
    )
    return dataclasses.replace(experiment, flux=flux, nuisances=nuisances)


def sterile_parameters(_) -> tuple[Parameter, ...]:
    """Mass splitting, mixings and spread of the path."""
    names = {"electron": "e", "muon": "mu", "tau": "tau"}
    return (
        Parameter(
            "mass_splitting", dist.LogUniform(0.01, 100.0), "flux.mass_splitting_eV2", "eV^2", "Delta m^2_41, 3 + 1"
        ),
        *(
            Parameter(f"{name}_mixing2", dist.Uniform(0.0, 0.3), f"flux.{name}_mixing2", "", f"|U_{flavour}4|^2")
            for name, flavour in names.items()
        ),
        Parameter("path_spread", dist.HalfNormal(0.5), "flux.path_spread_m", "m", "spread of the path"),
    )
