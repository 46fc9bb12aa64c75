"""Projections with logic of their own, beyond what a description can say; the others are files in ``data/experiments``.

Copy one of either to add another; what is built here is named in `PROJECTIONS`.
"""

from collections.abc import Callable

from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.projections.cicenns import cicenns
from cevnsjax.experiment.projections.coherent_d2o import coherent_d2o, flux_precision
from cevnsjax.experiment.projections.nuclear_lines import (
    ccm200_lines,
    coherent_csi_lines,
    coherent_lar_lines,
    coherent_nai_lines,
)
from cevnsjax.experiment.projections.projection import (
    SECONDS_PER_DAY,
    norm_nuisances,
    projection,
    shape_nuisance,
)
from cevnsjax.experiment.projections.reactor_alp_csi import reactor_alp_csi_1t, reactor_alp_csi_10t, true_lines

PROJECTIONS: dict[str, Callable[[], Experiment]] = {
    "cicenns": cicenns,
    "ccm200-lines": ccm200_lines,
    "coherent-csi-lines": coherent_csi_lines,
    "coherent-lar-lines": coherent_lar_lines,
    "coherent-nai-lines": coherent_nai_lines,
    "reactor-alp-csi-1t": reactor_alp_csi_1t,
    "reactor-alp-csi-10t": reactor_alp_csi_10t,
    "coherent-d2o": coherent_d2o,
}
"""Functions that build the projections, by name."""

__all__ = [
    "PROJECTIONS",
    "SECONDS_PER_DAY",
    "ccm200_lines",
    "cicenns",
    "coherent_csi_lines",
    "coherent_d2o",
    "coherent_lar_lines",
    "coherent_nai_lines",
    "flux_precision",
    "norm_nuisances",
    "projection",
    "reactor_alp_csi_1t",
    "reactor_alp_csi_10t",
    "shape_nuisance",
    "true_lines",
]
