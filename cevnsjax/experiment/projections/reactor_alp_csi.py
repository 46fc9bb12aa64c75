"""CsI 1 m from a core of 1 MW, looking for ALPs from p(n, gamma)d and B10(n, alpha)Li7*, one year.

From a talk of B. Dutta (2024): 1 or 10 t, 1 m, 1 MW, 0.25 and 0.28 photons per fission. The activities that it writes
beside them, 0.61 and 0.68 GCi, are those of a core of 2.9 GW: here 2.1e-4 and 2.4e-4 GCi. Data are the background
alone: couplings are zero until a model or a setting gives them.

Absorption is averaged over where the calculated levels of I127 and Cs133 may be, within the resolution of the detector,
which is what the talk seems to draw: real lines (10 eV, 7.7 keV; :func:`true_lines`) hit a level or, more often, none.
Assumed: levels of a truncated shell model, whose strength above 1 MeV is in bins; a resolution of 7 % FWHM at 662 keV;
everything deposited; 1 count/(keV kg d), flat; errors of 5 % (flux) and 10 % (background).
"""

import dataclasses

import equinox as eqx
import numpy as np

from cevnsjax.constants import SECONDS_PER_DAY
from cevnsjax.cross_section import AlpAbsorption, BosonDecay, InverseCompton, InversePrimakoff
from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.projections.projection import norm_nuisances, projection
from cevnsjax.experiment.rate_background import FlatBackground
from cevnsjax.flux import (
    AlpFlux,
    ConeGeometry,
    GaussianProfile,
    NuclearLine,
    Source,
    boron_capture,
    fissions_per_s,
    hydrogen_capture,
)
from cevnsjax.particle import Alp
from cevnsjax.quenching import ConstantQuenching
from cevnsjax.response import GaussianResponse, Resolution
from cevnsjax.target import compound
from cevnsjax.target.level_tables import nuclear_levels

_DAYS = 365.25
_DENSITY_G_PER_CM3 = 4.51
_SIGMA_AT_662_KEV = 0.07 * 661.7 / 2.355
_STOCHASTIC_SQRT_KEV = _SIGMA_AT_662_KEV / 661.7**0.5


def reactor_alp_csi_1t() -> Experiment:
    """Build 1 t."""
    return _detector("reactor-alp-csi-1t", 1000.0)


def reactor_alp_csi_10t() -> Experiment:
    """Build 10 t."""
    return _detector("reactor-alp-csi-10t", 10000.0)


def true_lines(experiment: Experiment) -> Experiment:
    """Return the same experiment with lines as wide as they are emitted."""
    lines = {"hydrogen": hydrogen_capture(), "boron": boron_capture()}
    return eqx.tree_at(lambda e: e.sources["reactor"].flux.transitions, experiment, lines)


def _blurred(line: NuclearLine) -> NuclearLine:
    """The line in the resolution of the detector."""
    sigma_keV = _STOCHASTIC_SQRT_KEV * float(1e3 * line.energy_MeV) ** 0.5
    return dataclasses.replace(line, profile=GaussianProfile(1e-3 * sigma_keV))


def _detector(name: str, mass_kg: float) -> Experiment:
    edges = np.linspace(100.0, 3000.0, 146)
    levels = (nuclear_levels(isotope).between(0.05, 3.2) for isotope in ("I127", "Cs133"))
    flux = AlpFlux(
        Alp(0.1),
        {"hydrogen": _blurred(hydrogen_capture()), "boron": _blurred(boron_capture())},
        fissions_per_s(1.0),
        SECONDS_PER_DAY,
        ConeGeometry.of_mass(mass_kg, _DENSITY_G_PER_CM3, 1.0),
    )
    return projection(
        name,
        sources={"reactor": Source.steady(flux)},
        target=compound("CsI").with_levels(*levels),
        mass_kg=mass_kg,
        exposure_days=_DAYS,
        interactions={
            "absorption": AlpAbsorption(),
            "decay": BosonDecay(_DENSITY_G_PER_CM3),
            "inverse_primakoff": InversePrimakoff(),
            "inverse_compton": InverseCompton(),
        },
        quenching=ConstantQuenching(1.0),
        response=GaussianResponse(edges, Resolution(stochastic_sqrt_keV=_STOCHASTIC_SQRT_KEV)),
        axis=Axis("energy_keV", edges),
        background=FlatBackground(1.0),
        nuisances=norm_nuisances("reactor", 0.05, 0.1),
    )
