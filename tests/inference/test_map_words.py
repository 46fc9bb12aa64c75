"""Limits of a map as lines of text, and what is said of its grid."""

from types import SimpleNamespace

import numpy as np
import pytest

from cevnsjax.inference.added_points import AddedPoints
from cevnsjax.inference.map_words import limit_text, resolution_text


def a_map(intervals=(), unit="", added=None, dimensions=1):
    grid = {"mass": np.linspace(0.0, 2.0, 5)} | ({"coupling": np.linspace(0.0, 1.0, 4)} if dimensions == 2 else {})
    return SimpleNamespace(
        grid=grid,
        model=SimpleNamespace(parameters=[SimpleNamespace(name="mass", unit=unit)]),
        intervals=lambda name, level: list(intervals),
        added=added or AddedPoints(),
    )


@pytest.mark.parametrize(
    ("intervals", "unit", "text"),
    [
        ([(0.5, 1.25)], "", "90 %: 0.5 < mass < 1.25"),
        ([(0.5, 1.25)], "MeV", "90 %: 0.5 < mass < 1.25 MeV"),
        ([(0.0, 1.32104)], "", "90 %: mass < 1.321 (in the grid from 0 to 2)"),
        ([(1.1, 2.0)], "MeV", "90 %: mass > 1.1 MeV (in the grid from 0 to 2 MeV)"),
        ([(0.0, 0.2), (0.5, 0.6)], "", "90 %: mass < 0.2 or 0.5 < mass < 0.6 (in the grid from 0 to 2)"),
        ([(0.1, 0.2), (0.5, 0.6)], "", "90 %: 0.1 < mass < 0.2 or 0.5 < mass < 0.6"),
        ([(0.0, 2.0)], "", "90 %: no limit on mass in the grid from 0 to 2"),
    ],
)
def test_limits(intervals, unit, text):
    assert limit_text(a_map(intervals, unit), "mass", 0.9) == text  # pyright: ignore[reportArgumentType]


def test_level():
    assert limit_text(a_map([(0.5, 1.0)]), "mass", 0.6827).startswith("68 %: ")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("number", "halvings", "unresolved", "dimensions", "words"),
    [
        (12, 3, 0, 2, ["does not resolve a band", "12 points were added there, down to 1/8 of its steps."]),
        (1, 1, 0, 1, ["a minimum", "1 point was added there, down to 1/2"]),
        (
            12,
            3,
            7,
            2,
            ["12 points were added", "too little still between 7 pairs of neighbouring", "give"],
        ),
        (0, 0, 1, 2, ["does not resolve a band", "between a pair of neighbouring points", "islands", "refine"]),
    ],
)
def test_resolution(number, halvings, unresolved, dimensions, words):
    added = AddedPoints(log_density=np.zeros(number), halvings=halvings, unresolved=unresolved)
    text = resolution_text(a_map(added=added, dimensions=dimensions))  # pyright: ignore[reportArgumentType]
    assert text is not None
    assert all(word in text for word in words), text
    assert "  " not in text


def test_nothing_is_said_of_a_grid_that_resolves():
    assert resolution_text(a_map()) is None  # pyright: ignore[reportArgumentType]
