"""The published point values in single precision."""

import jax
import pytest

from cevnsjax.validation import PUBLISHED, compare

POINTS = [entry for entry in PUBLISHED if entry.id.startswith("point-")]


def test_every_interaction_on_nuclei_has_its_points():
    assert len(POINTS) == 28


@pytest.mark.parametrize("entry", POINTS, ids=lambda entry: entry.id)
def test_single_precision(entry):
    with jax.enable_x64(False):
        assert compare(entry).computed == pytest.approx(entry.published, rel=1e-5)
