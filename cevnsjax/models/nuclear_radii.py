"""Models of nuclear radii: free radii, and neutron skins."""

import dataclasses

import equinox as eqx
import numpyro.distributions as dist

from cevnsjax.parameter import Parameter
from cevnsjax.target import NeutronSkin


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
            f"$R_{nucleon[0]}$({name})",
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
        Parameter(
            "neutron_skin", prior, tuple(where.values()), "fm", "R_n - R_p, the same for all nuclides", "$R_n - R_p$"
        ),
        *(
            Parameter(f"neutron_skin_{name}", prior, path, "fm", f"R_n - R_p of {name}", f"$R_n - R_p$ ({name})")
            for name, path in where.items()
        ),
    )
