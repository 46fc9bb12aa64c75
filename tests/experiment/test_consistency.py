"""Experiments whose blocks do not fit together: refused when they are built, with a sentence."""

import dataclasses

import equinox as eqx
import numpy as np
import numpyro.distributions as dist
import pytest

from cevnsjax.cross_section import Axial, Coherent, NeutralCurrentExcitation
from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.experiment import (
    NO_TIMES,
    Axis,
    BinnedBackground,
    Exposure,
    FlatBackground,
    ScaledBackground,
    TabulatedBackground,
    TemplateBackground,
    named_experiment,
    xenonnt_8b_2024,
)
from cevnsjax.experiment.projections import ccm200_lines
from cevnsjax.parameter import Parameter
from cevnsjax.paths import check_tree, set_number
from cevnsjax.response import GaussianResponse, Resolution, TimeWindow
from cevnsjax.target import compound

GERMANIUM, ARGON, LINES, XENON = (
    named_experiment("conus"),
    named_experiment("ccm200"),
    ccm200_lines(),
    xenonnt_8b_2024(),
)
EDGES = GERMANIUM.axes[0].edges
PRIOR = dist.Normal(0.0, 1.0)
FLAT = {"steady_state": FlatBackground(1.0)}


def with_nuisances(*parameters):
    return {"nuisances": (*GERMANIUM.nuisances, *parameters)}


def with_axis(name, edges=EDGES):
    return {"axes": (Axis(name, edges), NO_TIMES)}


def histogram(events=5.0):
    return TemplateBackground(events, np.ones((14, 1)))


CASES = {
    "text as mass": (GERMANIUM, {"mass_kg": "10 kg"}, CevnsjaxError, "'10 kg'"),
    "no time": (GERMANIUM, {"exposure_days": 0.0}, CevnsjaxError, "exposure_days must be positive"),
    "fewer bins": (GERMANIUM, with_axis("energy_keVee", EDGES[:-1]), CevnsjaxError, "the bins of the response, got 13"),
    "other edges": (
        GERMANIUM,
        with_axis("energy_keVee", np.array(EDGES) + 0.1),
        CevnsjaxError,
        "edges of the response",
    ),
    "edges in another unit": (GERMANIUM, with_axis("energy_MeV"), CevnsjaxError, "edges of the response"),
    "photo-electrons": (GERMANIUM, with_axis("light_PE"), CevnsjaxError, "end in the unit.*got 'light_PE'"),
    "no unit": (GERMANIUM, with_axis("energy"), CevnsjaxError, "_keV or _keVee or _keVnr or _MeV, got 'energy'"),
    "bins of the response": (
        GERMANIUM,
        {"response": GaussianResponse(EDGES[1:], Resolution(noise_keV=0.1))},
        CevnsjaxError,
        "axes must have the bins of the response, got 14 in energy_keVee for 13",
    ),
    "axes of one name": (
        GERMANIUM,
        {"axes": (Axis("energy_keVee", EDGES), Axis("energy_keVee", (0.0, 1.0)))},
        CevnsjaxError,
        "axes must have different names",
    ),
    "edges that fall": (
        GERMANIUM,
        with_axis("energy_keVee", EDGES[::-1]),
        CevnsjaxError,
        "edges of 'energy_keVee' must",
    ),
    "axial without spin": (
        ARGON,
        {"interactions": {"cevns": Coherent({"sm": Axial()})}},
        CevnsjaxError,
        "needs a nucleus with spin, but Ar36, Ar38, Ar40 has spin 0",
    ),
    "axial of unknown spins": (
        GERMANIUM,
        {"target": compound("CsBr"), "interactions": {"cevns": Coherent({"sm": Axial()})}},
        CevnsjaxError,
        "no spin matrix elements for Z = 35",
    ),
    "levels of nothing": (
        ARGON,
        {"interactions": {"excitation": NeutralCurrentExcitation({"sm": Axial()})}},
        CevnsjaxError,
        "None of Ar36, Ar38, Ar40 has levels",
    ),
    "a reaction on another nuclide": (
        ARGON,
        {"interactions": {"cc": named_experiment("coherent-d2o").interactions["H2"]}},
        UnknownNameError,
        "nuclide in this material",
    ),
    "other times": (ARGON, {"window": TimeWindow(np.linspace(0.0, 6.0, 8))}, CevnsjaxError, "edges of the window"),
    "more times": (ARGON, {"window": TimeWindow(np.linspace(0.0, 6.0, 9))}, CevnsjaxError, "edges of the window"),
    "rate in templates": (
        XENON,
        {"backgrounds": XENON.backgrounds | {"neutron": FlatBackground(1.0)}},
        CevnsjaxError,
        "needs bins in keV",
    ),
    "table too short": (
        GERMANIUM,
        {"backgrounds": {"steady_state": TabulatedBackground([0.3, 0.9], [1.0, 1.0])}},
        CevnsjaxError,
        "'steady_state' cannot fill.*from the first bin to the last, 0.3 to 1 keV, got 0.3 to 0.9 keV",
    ),
    "measured spectrum too short": (
        GERMANIUM,
        {"backgrounds": {"steady_state": BinnedBackground([0.35, 2.0], [1.0])}},
        CevnsjaxError,
        "'steady_state' cannot fill.*bin_edges_keV must reach from the first bin to the last, 0.3 to 1 keV, got 0.35",
    ),
    "histogram of other bins": (
        GERMANIUM,
        {"backgrounds": {"steady_state": TemplateBackground(5.0, np.ones((13, 1)))}},
        CevnsjaxError,
        r"must have the shape \(14, 1\) of the data, got \(13, 1\)",
    ),
    "name twice": (
        GERMANIUM,
        with_nuisances(Parameter("lindhard_k", PRIOR, "signal_norm")),
        ParameterError,
        "the name 'lindhard_k' 2 times",
    ),
    "leaf twice": (
        GERMANIUM,
        with_nuisances(Parameter("k", PRIOR, ("signal_norm", "quenching.k"))),
        ParameterError,
        "the leaf 'quenching.k' 2 times",
    ),
    "no such leaf": (GERMANIUM, with_nuisances(Parameter("k", PRIOR, "quenching.kk")), UnknownNameError, "quenching.k"),
    "a block": (GERMANIUM, with_nuisances(Parameter("k", PRIOR, "quenching")), ParameterError, "single number"),
    "a table": (
        GERMANIUM,
        with_nuisances(Parameter("k", PRIOR, "response.edges_keV")),
        ParameterError,
        "single number",
    ),
}


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (lambda e: e.target, "Ge", r'target must be .*compound\("Ge"\).*got .Ge'),
        (lambda e: e.quenching, 0.2, r"quenching must be a quenching.*got 0.2"),
        (lambda e: e.response, EDGES, r"response must be a response"),
        (lambda e: e.window, (0.0, 1.0), r"window must be a TimeWindow"),
        (lambda e: e.backgrounds["steady_state"], 1.0, r"backgrounds\['steady_state'\] must be a background, got 1.0"),
    ],
)
def test_what_is_no_block(where, value, message):
    """Put in its place afterwards: in tests every constructor checks its types before."""
    changed = eqx.tree_at(where, GERMANIUM, value, is_leaf=lambda node: node is where(GERMANIUM))
    with pytest.raises(CevnsjaxError, match=message):
        check_tree(changed)


@pytest.mark.parametrize("case", CASES)
def test_refused(case):
    experiment, changes, error, message = CASES[case]
    with pytest.raises(error, match=message):
        dataclasses.replace(experiment, **changes)


@pytest.mark.parametrize(
    "background", [histogram(), ScaledBackground(histogram(), Exposure(1.0, 1.0))], ids=["histogram", "scaled"]
)
def test_histograms_are_not_cut_inside_their_bins(background):
    experiment = dataclasses.replace(GERMANIUM, backgrounds={"steady_state": background}, nuisances=())
    check_tree(set_number(experiment, "response.threshold_keV", 0.3))
    cut = set_number(experiment, "response.threshold_keV", 0.35)
    with pytest.raises(CevnsjaxError, match=r"'steady_state' cannot fill.*threshold_keV must not be above .* got 0.35"):
        check_tree(cut)
    # what is integrated over its bins is
    check_tree(set_number(GERMANIUM, "response.threshold_keV", 0.35))


def test_units_that_agree():
    """Bins in MeV of a response in keV; edges that were rounded to float32."""
    assert LINES.axes[0].name.endswith("MeV")
    assert LINES.response.unit == "keV"
    rounded = np.array(EDGES, dtype=np.float32)
    assert dataclasses.replace(GERMANIUM, **with_axis("energy_keVnr", rounded)).axes[0].edges == tuple(
        map(float, rounded)
    )
