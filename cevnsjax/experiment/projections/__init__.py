"""Projections with logic of their own, beyond what a description can say; the others are files in ``data/experiments``.

Copy one of either to add another; what is built here is named in `PROJECTIONS`.
"""

from collections.abc import Callable

from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.projections.ccm_bosons import ccm120_bosons, ccm200_bosons
from cevnsjax.experiment.projections.ccm_lines import ccm120_lines, ccm200_lines
from cevnsjax.experiment.projections.cicenns import cicenns
from cevnsjax.experiment.projections.flux_precision import flux_precision
from cevnsjax.experiment.projections.projection import (
    norm_nuisances,
    projection,
)
from cevnsjax.experiment.projections.reactor_alp_csi import reactor_alp_csi_1t, reactor_alp_csi_10t, true_lines

PROJECTIONS: dict[str, Callable[[], Experiment]] = {
    "cicenns": cicenns,
    "ccm120-bosons": ccm120_bosons,
    "ccm120-lines": ccm120_lines,
    "ccm200-bosons": ccm200_bosons,
    "ccm200-lines": ccm200_lines,
    "reactor-alp-csi-1t": reactor_alp_csi_1t,
    "reactor-alp-csi-10t": reactor_alp_csi_10t,
}
"""Functions that build the projections, by name."""

__all__ = [
    "PROJECTIONS",
    "ccm120_bosons",
    "ccm120_lines",
    "ccm200_bosons",
    "ccm200_lines",
    "cicenns",
    "flux_precision",
    "norm_nuisances",
    "projection",
    "reactor_alp_csi_1t",
    "reactor_alp_csi_10t",
    "true_lines",
]
