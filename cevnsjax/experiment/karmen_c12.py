"""KARMEN's cross sections of the 15.11 MeV line of carbon: B. Armbruster et al., Phys. Lett. B 423, 15 (1998).

No spectrum is public: the two bins are the published flux averages for nu_mu (3.2 +- 0.5 +- 0.4) and for nu_e and
nu_mu_bar together (10.5 +- 1.0 +- 0.9, both in 1e-42 cm^2; numbers as recalled in reviews, the reference too), which
the time after the pulse tells apart, with errors added in quadrature. Expected is what 1e20 neutrinos of each flavour
through a square centimetre do to 1e22 nuclei: a cross section in 1e-42 cm^2. The strength is that of the measured
B(M1), 2.8523 mu_N^2, as if it were pure isovector spin (M2 = 0.5395); beta decay of N12 gives 0.432. Both are
multiplied by ``quenching``, whose prior spans the two.
"""

import math

import numpy as np

from cevnsjax.cross_section import Axial, FiniteMomentum, NeutralCurrentExcitation
from cevnsjax.experiment.axis import Axis
from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.likelihood import GaussianLikelihood
from cevnsjax.experiment.nuisances import strength_quenching
from cevnsjax.flux import HistogramArrival, PionDecayAtRest, Source
from cevnsjax.quenching import ConstantQuenching
from cevnsjax.response import GaussianResponse, Resolution, TimeWindow
from cevnsjax.target import NuclearLevels, compound

_CROSS_SECTIONS = ((3.2, 0.5, 0.4), (10.5, 1.0, 0.9))
_SQUARED_MATRIX_ELEMENT = 0.5395
_TIME_EDGES_US = (0.0, 0.6, 10.6)
_ENERGY_EDGES_KEV = (11000.0, 16000.0)


def karmen_c12() -> Experiment:
    """Build the experiment with its two published cross sections."""
    flux = PionDecayAtRest(1.0, 4e24 * math.pi, 1.0)  # 1e20 of each flavour on a square centimetre
    # one bin for each of the two measurements
    arrival = HistogramArrival(flux.components, _TIME_EDGES_US, [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    levels = NuclearLevels.isovector("C12", 0, (1,), [15.11], [_SQUARED_MATRIX_ELEMENT])
    target = compound("[C12]").with_levels(levels)
    values, *errors = np.array(_CROSS_SECTIONS).T
    return Experiment(
        name="karmen-c12",
        sources={"isis": Source(flux, arrival)},
        target=target,
        mass_kg=1e22 / float(target.nuclei_per_kg("C12")),
        interactions={
            "nc": NeutralCurrentExcitation({"axial": Axial(strange_axial_coupling=0.0)}, FiniteMomentum.on(target))
        },
        quenching=ConstantQuenching(1.0),
        response=GaussianResponse(_ENERGY_EDGES_KEV, Resolution(noise_keV=1.0)),
        window=TimeWindow(_TIME_EDGES_US),
        signal_norm=1.0,
        backgrounds={},
        samples={"line": ("signal",)},
        observed=values.reshape(1, 1, 2),
        axes=(Axis("energy_MeV", [1e-3 * edge for edge in _ENERGY_EDGES_KEV]), Axis("time_us", _TIME_EDGES_US)),
        nuisances=(
            strength_quenching(
                "C12", 0.9, 0.1, "strength over that of the measured B(M1); 0.80 from beta decay of N12"
            ),
        ),
        quantity="flux-averaged cross section",
        unit="1e-42 cm^2",
        likelihood=GaussianLikelihood(np.hypot(*errors).reshape(1, 1, 2)),
    )
