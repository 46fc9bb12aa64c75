"""COHERENT D2O, two modules of 670 kg of heavy water at the SNS, five years: the norm of the neutrino flux.

From a talk of 2023: two modules of 670 kg. nu_e d -> e- p p measures the flux with a cross section that is known to 2
to 3 % (COHERENT, J. Instrum. 16, P08048, 2021); nu_e on oxygen is counted too. Recalled: 20 m. Assumed: all of the mass
is D2O; 1.4 MW for 5000 h a year; electrons of E - 1.44 MeV and E - 15.4 MeV (protons, which take a few MeV, and photons
are not told from electrons), 20 % resolution at 30 MeV, an efficiency of 80 % above 15 MeV that falls to zero at 5 MeV;
a steady background of 0.02 Hz after the veto of muons, flat in energy; errors of 10 % (flux), 3 % (cross section on
deuterium), 30 % (on oxygen) and 2 % (background, measured between pulses).
"""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_not_negative, check_positive
from cevnsjax.cross_section import ChargedCurrent, inclusive_reaction
from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.nuisances import positive
from cevnsjax.experiment.projections.projection import (
    SECONDS_PER_DAY,
    norm_nuisances,
    projection,
)
from cevnsjax.experiment.rate_background import FlatBackground
from cevnsjax.flux import decay_at_rest_facility
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import ConstantQuenching
from cevnsjax.response import GaussianResponse, Resolution, TabulatedEfficiency

_MASS_KG = 2 * 670.0
_BEAM_TIME_S_PER_YEAR = 5000.0 * 3600.0
_TIME_EDGES_US = (0.0, 0.6, 1.2, 2.0, 3.0, 4.5, 7.0, 10.0)
_BACKGROUND_HZ = 0.02
_OXYGEN_ERROR = 0.3
_BACKGROUND_ERROR = 0.02


def coherent_d2o(years: float = 5.0) -> Experiment:
    """Build the projection.

    Parameters
    ----------
    years
        Years of 5000 h at 1.4 MW.
    """
    check_positive("years", years, "years")
    facility = decay_at_rest_facility("sns")
    edges = np.linspace(5e3, 65e3, 13)
    level = _BACKGROUND_HZ * SECONDS_PER_DAY / (_MASS_KG * (edges[-1] - edges[0]))
    return projection(
        "coherent-d2o",
        sources={"sns": facility.neutrinos(SECONDS_PER_DAY, 20.0)},
        time_edges_us=_TIME_EDGES_US,
        target="[H2]2O",
        mass_kg=_MASS_KG,
        exposure_days=years * _BEAM_TIME_S_PER_YEAR / SECONDS_PER_DAY,
        interactions={name: ChargedCurrent({name: inclusive_reaction(name)}) for name in ("H2", "O16")},
        quenching=ConstantQuenching(1.0),
        response=GaussianResponse(
            edges, Resolution(stochastic_sqrt_keV=0.2 * 3e4**0.5), TabulatedEfficiency([5e3, 15e3], [0.0, 0.8])
        ),
        axis=Axis("energy_keV", edges),
        background=FlatBackground(level, facility.repetition_rate_Hz),
        nuisances=(
            *norm_nuisances("sns", 0.1, _BACKGROUND_ERROR),
            Parameter(
                "deuteron_cross_section",
                positive(1.0, 0.03),
                "interactions.H2.reactions.H2.scale",
                description="nu_e d -> e- p p (3 %)",
            ),
            Parameter(
                "oxygen_cross_section",
                positive(1.0, _OXYGEN_ERROR),
                "interactions.O16.reactions.O16.scale",
                description="nu_e on 16O (30 %)",
            ),
        ),
    )


def flux_precision(years: Sequence[float] | np.ndarray, deuteron_error: float = 0.0) -> Float[Array, " year"]:
    """Relative error of the flux that heavy water measures, from the Fisher matrix, without a prior on the flux.

    Parameters
    ----------
    years
        Years of 5000 h at 1.4 MW, shape ``[year]``.
    deuteron_error
        Relative error of the cross section on deuterium; zero leaves the statistical error, with what the norms of
        oxygen and of the background add to it.

    Raises
    ------
    CevnsjaxError
        If a time is not positive or the error negative.
    """
    check_positive("years", np.asarray(years), "years")
    check_not_negative("deuteron_error", deuteron_error, "")
    counts = coherent_d2o(1.0).contributions()
    deuteron, oxygen, background = (counts[name].reshape(-1) for name in ("H2", "O16", "steady_state"))
    # counts are linear in all norms: that of the flux, and those with an error, which is their unit
    nuisances = [deuteron_error * deuteron, _OXYGEN_ERROR * oxygen, _BACKGROUND_ERROR * background]
    slopes = jnp.stack([deuteron + oxygen, *nuisances])
    fisher = jnp.matmul(slopes / (deuteron + oxygen + background)[None], slopes.T, precision="highest")
    priors = jnp.diag(as_float([0.0, 1.0, 1.0, 1.0]))
    each = as_float(years)[:, None, None] * fisher[None] + priors[None]
    return jnp.sqrt(jnp.linalg.inv(each)[:, 0, 0])
