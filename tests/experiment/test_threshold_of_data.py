"""A threshold cuts what is expected; measured data cannot be cut after the fact."""

import numpy as np
import pytest

from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import named_experiment
from cevnsjax.paths import check_tree, set_number


def test_measured_data_refuse_a_threshold_in_their_bins():
    data = named_experiment("coherent-ge-mini")
    with pytest.raises(CevnsjaxError, match=r"above the first edge, 1\.5 keV, of measured data.*got 1\.6 keV"):
        check_tree(set_number(data, "response.threshold_keV", 1.6))
    check_tree(set_number(data, "response.threshold_keV", 1.5))


def test_a_prediction_follows_it():
    prediction = named_experiment("conus")
    cut = set_number(prediction, "response.threshold_keV", 0.4)
    check_tree(cut)
    kept = np.asarray(cut.renewed().observed)[0, :, 0]
    np.testing.assert_allclose(kept[:2], 0.0, atol=1e-12)
    np.testing.assert_allclose(kept[2:], np.asarray(prediction.observed)[0, 2:, 0], rtol=1e-7)
