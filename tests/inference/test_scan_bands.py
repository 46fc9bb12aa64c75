"""Valleys that a grid does not resolve: on heights that are known everywhere, without a fit."""

import numpy as np
import pytest
from scipy.ndimage import label

from cevnsjax.inference.added_points import on_one_lattice
from cevnsjax.inference.map_axes import positions_of, values_at
from cevnsjax.inference.scan_bands import halved, narrow_valleys
from cevnsjax.inference.scan_refinement import most_added, refine

LEVELS = (2.30, 4.61, 5.99)


def band(slope, offset, width):
    """A straight valley of one width, in steps of the grid, with a bottom of zero."""
    return lambda x, y: ((y - offset - slope * x) / width) ** 2


def reversal(x, y):
    """Light mediators on 28 points, five decades of mass by four of coupling: the Standard Model and its reverse.

    Counts are those of (1 - 2 g^2/g_0^2)^2 with g_0^2 = m^2 + (40 MeV)^2 in some unit, measured to 15 %.
    """
    mass, coupling = 0.1 * 10 ** (5.0 * x / 27), 10 ** (-6.0 + 4.0 * y / 27)
    counts = (1.0 - 2.0 * (coupling / 1.9e-6) ** 2 / (mass**2 + 1600.0)) ** 2
    pull = (counts - 1.0) / 0.15
    return pull**2 / np.sqrt(1.0 + 0.002 * pull**2)


def refined(function, shape, best=None, highest=LEVELS[-1]):
    """Heights on the grid, on the lattice that is drawn, what was added, and how the refinement ended."""
    heights = function(*np.meshgrid(*map(np.arange, shape), indexing="ij"))
    best = np.array(np.unravel_index(heights.argmin(), shape), float) if best is None else best
    added, known = [np.zeros((0, len(shape)))], [heights.ravel()]

    def solve(positions, rows, new):
        assert np.array_equal(rows[new], sum(map(len, known)) + np.arange(len(positions)))
        added.append(positions)
        known.append(function(*positions.T))
        return np.concatenate(known)

    result = refine(heights, best, highest, solve)
    positions = np.concatenate(added)
    grid = {str(axis): np.arange(float(size)) for axis, size in enumerate(shape)}
    values = {str(axis): positions[:, axis] for axis in range(len(shape))}
    axes, drawn = on_one_lattice(grid, heights, values, np.concatenate([*known[1:], np.zeros(0)]))
    return heights, axes, drawn, positions, result


def regions(heights, level):
    _, number = label(heights < level)  # pyright: ignore[reportGeneralTypeIssues]
    return number


@pytest.mark.parametrize(
    ("slope", "offset", "width"),
    [(1.0, -3.0, 0.2), (1.0, -3.5, 0.2), (0.77, 2.3, 0.1), (-1.27, 40.2, 0.3), (0.0, 15.5, 0.2), (0.05, 10.0, 0.1)],
)
def test_narrow_band_is_one(slope, offset, width):
    """The valley through corners of cells, between points, along lines and across them."""
    function = band(slope, offset, width)
    heights, axes, drawn, positions, result = refined(function, (31, 33))
    assert regions(heights, LEVELS[0]) != 1
    assert [regions(drawn, level) for level in LEVELS] == [1, 1, 1]
    assert result.unresolved == 0
    assert len(positions) <= most_added(heights.size)
    # what is drawn is as wide as the band
    exact = function(*np.meshgrid(*axes.values(), indexing="ij"))
    for level in LEVELS:
        assert (drawn < level).sum() == pytest.approx((exact < level).sum(), rel=0.12)


def test_reversed_amplitude():
    """A hill beside the band hides it from most grid lines: it is followed from where it is seen."""
    heights, _, drawn, *_ = refined(reversal, (28, 28))
    seen = narrow_valleys(heights, np.ones(heights.shape, bool), LEVELS[-1])
    assert 0 < seen[1].any(axis=1).sum() < 10
    assert regions(heights, LEVELS[-1]) > 4
    assert [regions(drawn, level) for level in LEVELS] == [2, 2, 2]


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: 0.3 * (x - 14.3) ** 2 + 0.5 * (y - 11.2) ** 2,
        band(0.8, 2.0, 1.0),
        lambda x, y: 1.8 + np.exp(1.5 * (y - 20.0)) + 1e-3 * np.sin(5.0 * x + 3.0 * y),
        lambda x, y: np.minimum(40.0 + band(0.8, 2.0, 0.2)(x, y), band(0.1, 25.0, 1.0)(x, y)),
        lambda x, y: np.where(y > 15, np.inf, 0.1 * y),
    ],
    ids=["resolved minimum", "resolved band", "wall", "band too high", "no density"],
)
def test_nothing_is_added(function):
    heights, _, drawn, positions, result = refined(function, (30, 31))
    assert len(positions) == 0
    assert (result.halvings, result.unresolved) == (0, 0)
    np.testing.assert_array_equal(drawn, heights)


def test_only_counted():
    heights = band(0.77, 2.3, 0.1)(*np.meshgrid(np.arange(31), np.arange(33), indexing="ij"))
    result = refine(heights, np.array([0.0, 2.3]), LEVELS[-1], None)
    assert result.halvings == 0
    assert result.unresolved > 30


def test_no_more_than_allowed():
    heights, _, _, positions, result = refined(band(0.77, 2.3, 0.01), (31, 33))
    assert 0 < len(positions) <= most_added(heights.size)
    assert result.unresolved > 0


def test_best_fit_that_no_point_shows():
    """A plateau with a hole in the middle of a cell: only the best fit says that there is one."""
    best = np.array([12.4, 7.6])
    heights, _, drawn, _, result = refined(
        lambda x, y: 20.0 * (1.0 - np.exp(-((x - best[0]) ** 2 + (y - best[1]) ** 2) / 0.02)), (20, 21), best
    )
    assert heights.min() > 5.99
    assert [regions(drawn, level) for level in LEVELS] == [1, 1, 1]
    assert result.unresolved == 0


@pytest.mark.parametrize("bottom", [6.3, 6.0, 6.5, 0.3])
def test_one_axis(bottom):
    *_, positions, result = refined(lambda x: ((x - bottom) / 0.1) ** 2, (12,), np.array([bottom]))
    assert result.unresolved == 0
    known = np.union1d(positions[:, 0], np.arange(12))
    assert (np.abs(known - bottom) < 0.25).sum() >= 3
    assert len(positions) < 40


def test_interpolation():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(7, 9))
    finer = halved(values)
    assert finer.shape == (13, 17)
    np.testing.assert_array_equal(finer[::2, ::2], values)
    # a parabola is met away from its bottom and from the ends, and nothing lies beyond the two beside it
    x = np.arange(8.0)
    np.testing.assert_allclose(halved(x**2)[3:-2:2], (x[1:-2] + 0.5) ** 2, rtol=1e-12)
    wall = halved(np.array([2.0, 2.0, 2.0, 500.0, 5000.0]))
    assert wall.min() == 2.0
    assert np.all(np.diff(wall) >= 0.0)
    open_end = halved(np.array([1.0, 2.0, np.inf]))
    np.testing.assert_array_equal(open_end[2:], [2.0, np.inf, np.inf])
    assert np.isfinite(open_end[:2]).all()


@pytest.mark.parametrize("axis", [np.geomspace(1e-6, 1e-2, 64), np.linspace(-1.0, 1.0, 41), np.array([1.0, 2.0])])
def test_positions(axis):
    steps = np.arange(0.0, axis.size - 0.99, 0.125)
    values = values_at(axis, steps)
    np.testing.assert_array_equal(values[::8], axis)
    assert np.all(np.diff(values) > 0.0)
    np.testing.assert_allclose(positions_of(axis, values), steps, atol=1e-9)
