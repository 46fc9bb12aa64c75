"""Backgrounds that grow with mass and time: by hand and by SciPy, with thresholds, gradients and what they refuse."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.arrays import as_float
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import (
    BinnedBackground,
    Exposure,
    FlatBackground,
    MeasuredBackground,
    ScaledBackground,
    TabulatedBackground,
    named_experiment,
)
from cevnsjax.flux import ExponentialTimes
from cevnsjax.paths import leaf_paths, set_paths
from cevnsjax.response import TimeWindow
from cevnsjax.tables import data_files, read_table

EDGES = np.array([0.2, 0.25, 0.5, 0.9, 1.5])
KNOTS = np.array([0.1, 0.25, 0.6, 0.61, 2.0])  # one on an edge, one bin with three of them, one with none
RATES = np.array([9.0, 4.0, 1.0, 7.0, 2.0])
WINDOW = TimeWindow((0.0, 1.0, 4.0))
RECORDED = MeasuredBackground(30.0, [1.0, 2.0], ExponentialTimes(0.0))
BLOCKS = {
    "flat": FlatBackground(10.0),
    "pulsed": FlatBackground(10.0, 25.0, 1.2),
    "table": TabulatedBackground(KNOTS, RATES, norm=0.9),
    "bins": BinnedBackground(KNOTS, RATES[:-1], norm=0.9),
    "pulsed bins": BinnedBackground(KNOTS, RATES[:-1], 25.0),
    "pulsed table": TabulatedBackground(KNOTS, RATES, 25.0),
    "scaled": ScaledBackground(RECORDED, Exposure(2.0, 3.0), 1.1),
}


@jax.jit
def counts(background, exposure=Exposure(5.0, 2.0), edges=as_float(EDGES), window=WINDOW):
    return background.counts(window, exposure, edges)


def test_flat():
    edges = as_float([1.0, 2.0, 4.0])
    found = counts(FlatBackground(10.0), edges=edges)
    np.testing.assert_allclose(found, [[25.0, 75.0], [50.0, 150.0]], rtol=1e-12)
    # 25 pulses a second with 4 us each are 100 us in each second
    np.testing.assert_allclose(counts(FlatBackground(10.0, 25.0), edges=edges), 1e-4 * np.asarray(found), rtol=1e-12)


def test_table_is_integrated_exactly():
    expected = [
        quad(
            lambda e: np.interp(e, KNOTS, RATES), low, high, points=KNOTS[(low < KNOTS) & (high > KNOTS)], epsrel=1e-13
        )[0]
        for low, high in itertools.pairwise(EDGES)
    ]
    found = counts(TabulatedBackground(KNOTS, RATES))
    np.testing.assert_allclose(found, 10.0 * np.outer(expected, [0.25, 0.75]), rtol=1e-13)
    flat = TabulatedBackground([0.0, 0.3, 2.0], [3.0, 3.0, 3.0], 50.0)
    np.testing.assert_allclose(counts(flat), counts(FlatBackground(3.0, 50.0)), rtol=1e-13)


def test_bins_of_its_own():
    """What a measured spectrum has in each bin of the data, by its integral from below; none is lost between them."""
    integral = np.concatenate([[0.0], np.cumsum(np.diff(KNOTS) * RATES[:-1])])
    expected = np.diff(np.interp(EDGES, KNOTS, integral))
    found = counts(BinnedBackground(KNOTS, RATES[:-1]))
    np.testing.assert_allclose(found, 10.0 * np.outer(expected, [0.25, 0.75]), rtol=1e-13)
    cut = counts(BinnedBackground(KNOTS, RATES[:-1]), edges=as_float([0.1, 0.37, 2.0, 2.0, 2.0]))
    assert float(cut.sum()) == pytest.approx(10.0 * integral[-1], rel=1e-13)


@pytest.mark.parametrize(
    ("name", "low_keV", "high_keV", "events", "kg_days"),
    [
        # events between two edges of the table, counted in the files of the workshop; efficiencies are 1 and 0.6
        ("nucleus-al2o3", 0.0502377, 0.6, 267, 4.6e-5),
        ("cresst-cawo4", 0.0301, 15.0857, 1196 / 0.6, 5.594),
        ("connie-si", 0.015, 5.97161, 160 / 0.6, 2.2e-3),
    ],
)
def test_measured_events(name, low_keV, high_keV, events, kg_days):
    """Counts of an exposure like that of the measurement are those that were measured, over their efficiency."""
    background = BinnedBackground.measured(name)
    found = counts(background, Exposure(1.0, kg_days), as_float([low_keV, high_keV]), TimeWindow((0.0, 1.0)))
    assert float(found.sum()) == pytest.approx(events, rel=2e-5)


@pytest.mark.parametrize(
    ("name", "energy_keV", "rate"),
    # as the files print them
    [
        ("edelweiss-ge-surface", 0.11, 936981.0),
        ("edelweiss-ge-underground", 0.0083, 8.86993e6),
        ("miner-al2o3", 0.3, 275800.0),
    ],
)
def test_measured_rates(name, energy_keV, rate):
    edges = as_float([energy_keV, energy_keV + 1e-4])
    found = counts(BinnedBackground.measured(name), Exposure(1.0, 1.0), edges, TimeWindow((0.0, 1.0)))
    assert float(found.sum()) == pytest.approx(1e-4 * rate, rel=2e-6)


def test_measured_tables_have_no_gaps():
    names = data_files("excess", ".csv")
    assert len(names) == 6
    for name in names:
        table = read_table(f"excess/{name}.csv")
        np.testing.assert_array_equal(table["energy_low_keV"][1:], table["energy_high_keV"][:-1])


def test_recorded_with_another_exposure():
    at_home = counts(BLOCKS["scaled"], Exposure(2.0, 3.0))
    np.testing.assert_allclose(at_home, 1.1 * np.asarray(counts(RECORDED)), rtol=1e-13)
    np.testing.assert_allclose(
        counts(BLOCKS["scaled"], Exposure(4.0, 1.0)), 2.0 / 3.0 * np.asarray(at_home), rtol=1e-13
    )


@pytest.mark.parametrize("name", BLOCKS)
def test_twice_the_mass_or_the_time(name):
    once = np.asarray(counts(BLOCKS[name]))
    for exposure in (Exposure(10.0, 2.0), Exposure(5.0, 4.0)):
        np.testing.assert_allclose(counts(BLOCKS[name], exposure), 2.0 * once, rtol=1e-13)


@pytest.mark.parametrize("name", BLOCKS)
def test_gradients(name):
    """Of a weighted sum of counts in every leaf, in the exposure, and in the edges that a threshold moves."""
    tree = {"background": BLOCKS[name], "exposure": Exposure(5.0, 2.0), "edges": as_float(EDGES + 0.003)}
    weights = np.random.default_rng(3).uniform(0.5, 2.0, np.shape(counts(BLOCKS[name])))
    leaves = dict(leaf_paths(tree))
    generator = np.random.default_rng(4)
    directions = {path: generator.uniform(0.5, 1.0, leaf.shape) for path, leaf in leaves.items()}

    @jax.jit
    @jax.value_and_grad
    def total(steps):
        moved = set_paths(tree, list(leaves), [leaf + steps[path] * directions[path] for path, leaf in leaves.items()])
        return (weights * moved["background"].counts(WINDOW, moved["exposure"], moved["edges"])).sum()

    at = dict.fromkeys(leaves, jnp.asarray(0.0))
    (_, gradient), step = total(at), 1e-5
    for path in leaves:
        up, down = (float(total(at | {path: jnp.asarray(sign * step)})[0]) for sign in (1.0, -1.0))
        assert float(gradient[path]) == pytest.approx((up - down) / (2.0 * step), rel=1e-5, abs=1e-6), path


@pytest.mark.parametrize("name", BLOCKS)
def test_float32(name):
    exact = np.asarray(counts(BLOCKS[name]))
    with jax.enable_x64(False):
        single = counts(*jax.tree.map(as_float, (BLOCKS[name], Exposure(5.0, 2.0), EDGES, WINDOW)))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, exact, rtol=3e-6)


@pytest.fixture(scope="module")
def conus():
    return named_experiment("conus")


@pytest.mark.parametrize("threshold_keV", [0.2, 0.3, 0.37, 0.45, 2.0])
def test_one_threshold_cuts_signal_and_background(conus, threshold_keV):
    """Below the first edge nothing, inside a bin a part, beyond all bins all; the background by hand."""
    cut = set_paths(conus, ["response.threshold_keV"], [jnp.array(threshold_keV, dtype=float)])
    expected, found = (np.asarray(each) for each in (conus.expected(), cut.expected()))
    edges = np.array(conus.axes[0].edges)
    kept = np.diff(np.maximum(edges, threshold_keV)) / np.diff(edges)
    level = np.asarray(conus.contributions()["steady_state"])[:, 0]
    np.testing.assert_allclose(cut.contributions()["steady_state"][:, 0], level * kept, rtol=1e-9, atol=1e-12)
    whole = kept > 1.0 - 1e-12  # an edge written with other digits is the same edge
    np.testing.assert_allclose(found[0, whole], expected[0, whole], rtol=1e-8)  # another threshold has other nodes
    np.testing.assert_array_less(found[0, ~whole], expected[0, ~whole])
    assert (found == 0.0).all() == (threshold_keV == 2.0)


@pytest.fixture(scope="module")
def at_threshold(conus):
    """Function from a threshold to sums of the contributions and to their derivatives."""

    def total(threshold):
        moved = set_paths(conus, ["response.threshold_keV"], [threshold])
        return {name: counts.sum() for name, counts in moved.contributions().items()}

    return jax.jit(lambda threshold: (total(threshold), jax.jacfwd(total)(threshold)))


@pytest.mark.parametrize("threshold_keV", [0.3, 0.37, 0.45])
def test_derivative_in_the_threshold(at_threshold, threshold_keV):
    """On the first edge, inside a bin, and on an edge between two: minus the rate there, of signal and background."""
    step = 1e-5
    # to the right, where it cuts: three points
    (first, slope), (second, _), (third, _) = (at_threshold(jnp.array(threshold_keV + n * step)) for n in range(3))
    for name in ("cevns", "steady_state"):
        expected = float(-1.5 * first[name] + 2.0 * second[name] - 0.5 * third[name]) / step
        assert float(slope[name]) == pytest.approx(expected, rel=1e-5), name
        assert expected < 0.0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Exposure(0.0, 1.0), "mass_kg must be positive"),
        (lambda: Exposure(1.0, np.nan), "days must be positive"),
        (lambda: FlatBackground(-1.0), "counts_per_keV_kg_day must be zero or positive"),
        (lambda: FlatBackground(1.0, 0.0), "pulses_per_s must be positive"),
        (lambda: FlatBackground(1.0, norm=np.nan), "norm must be zero or positive"),
        (lambda: TabulatedBackground([1.0], [1.0]), "energies_keV must hold at least two energies, got 1"),
        (lambda: TabulatedBackground([1.0, 0.5], [1.0, 1.0]), "energies_keV must be finite and increase"),
        (lambda: TabulatedBackground([1.0, 2.0], [1.0, -1.0]), "counts_per_keV_kg_day must be zero or positive"),
        (lambda: TabulatedBackground([1.0, 2.0], [1.0, np.nan]), "counts_per_keV_kg_day must be finite"),
        (lambda: BinnedBackground([1.0, 2.0], [1.0, 1.0]), "one entry for each of 1 bins, got the shape"),
        (lambda: BinnedBackground([1.0, 0.5], [1.0]), "bin_edges_keV must be finite and increase"),
        (lambda: BinnedBackground([1.0, 2.0], [-1.0]), "counts_per_keV_kg_day must be zero or positive"),
        (lambda: BinnedBackground.measured("cresst-cawo"), "no measured background called 'cresst-cawo'; did you mean"),
        (lambda: ScaledBackground(RECORDED, Exposure(1.0, 1.0), -1.0), "norm must be zero or positive"),
    ],
)
def test_refused(build, message):
    with pytest.raises(CevnsjaxError, match=message):
        build()
