"""Projections: detectors that are planned or have published no spectrum, with their own prediction in place of data.

Copy one of the files to add another, and name it in `PROJECTIONS`.
"""

from collections.abc import Callable

from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.projections.ccm200 import ccm200
from cevnsjax.experiment.projections.cicenns import cicenns
from cevnsjax.experiment.projections.coherent_d2o import coherent_d2o, flux_precision
from cevnsjax.experiment.projections.connie import connie
from cevnsjax.experiment.projections.conus import conus
from cevnsjax.experiment.projections.jsns2 import jsns2
from cevnsjax.experiment.projections.miner import miner
from cevnsjax.experiment.projections.nuclear_lines import (
    ccm200_lines,
    coherent_csi_lines,
    coherent_lar_lines,
    coherent_nai_lines,
)
from cevnsjax.experiment.projections.nucleus import nucleus_1, nucleus_2, nucleus_3
from cevnsjax.experiment.projections.pip2_bd import pip2_bd
from cevnsjax.experiment.projections.projection import (
    SECONDS_PER_DAY,
    norm_nuisances,
    projection,
    shape_nuisance,
)
from cevnsjax.experiment.projections.reactor_alp_csi import reactor_alp_csi_1t, reactor_alp_csi_10t, true_lines
from cevnsjax.experiment.projections.red_100 import red_100
from cevnsjax.experiment.projections.ricochet import ricochet
from cevnsjax.experiment.projections.sbc import sbc

PROJECTIONS: dict[str, Callable[[], Experiment]] = {
    "cicenns": cicenns,
    "ccm200": ccm200,
    "jsns2": jsns2,
    "pip2-bd": pip2_bd,
    "nucleus-1": nucleus_1,
    "nucleus-2": nucleus_2,
    "nucleus-3": nucleus_3,
    "conus": conus,
    "connie": connie,
    "miner": miner,
    "red-100": red_100,
    "ricochet": ricochet,
    "sbc": sbc,
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
    "ccm200",
    "ccm200_lines",
    "cicenns",
    "coherent_csi_lines",
    "coherent_d2o",
    "coherent_lar_lines",
    "coherent_nai_lines",
    "connie",
    "conus",
    "flux_precision",
    "jsns2",
    "miner",
    "norm_nuisances",
    "nucleus_1",
    "nucleus_2",
    "nucleus_3",
    "pip2_bd",
    "projection",
    "reactor_alp_csi_1t",
    "reactor_alp_csi_10t",
    "red_100",
    "ricochet",
    "sbc",
    "shape_nuisance",
    "true_lines",
]
