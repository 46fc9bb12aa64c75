"""The model of a dipole portal to a heavy neutrino."""

import numpyro.distributions as dist

from cevnsjax.cross_section import DipolePortal, FlavourVector
from cevnsjax.parameter import Parameter

FLAVOUR_SYMBOLS = {"e": r"\nu_e", "mu": r"\nu_\mu", "tau": r"\nu_\tau"}
FLAVOUR_NAMES = tuple(FLAVOUR_SYMBOLS)


def with_dipole_portal(experiment):
    """Add upscattering into a heavy neutrino."""
    if any(isinstance(each, DipolePortal) for each in experiment.interactions.values()):
        return experiment
    return experiment.with_interactions({"dipole_portal": DipolePortal(10.0, FlavourVector.universal(1e-10))})


def dipole_parameters(experiment) -> tuple[Parameter, ...]:
    """Mass and moments of the dipole portal."""
    name = next(key for key, each in experiment.interactions.items() if isinstance(each, DipolePortal))
    where, moments = f"interactions.{name}.", tuple(f"moment.{flavour}" for flavour in FLAVOUR_NAMES)
    prior = dist.LogUniform(1e-12, 1e-6)
    return (
        Parameter(
            "mass", dist.LogUniform(0.01, 60.0), f"{where}mass_MeV", "MeV", "mass of the heavy neutrino", "$m_4$"
        ),
        Parameter(
            "moment",
            prior,
            tuple(where + leaf for leaf in moments),
            "mu_B",
            "dipole moment, the same for all flavours",
            r"$\mu_\nu$",
        ),
        *(
            Parameter(
                f"moment_{flavour}",
                prior,
                where + leaf,
                "mu_B",
                f"dipole moment of nu_{flavour}",
                rf"$\mu_{{{FLAVOUR_SYMBOLS[flavour]}}}$",
            )
            for flavour, leaf in zip(FLAVOUR_NAMES, moments, strict=True)
        ),
    )
