"""Events of a file, counted in bins."""

import tracemalloc

import numpy as np
import pandas
import pytest

from cevnsjax.experiment import Axis, DescriptionError
from cevnsjax.experiment.axis import NO_TIMES
from cevnsjax.experiment.description.data import read_data
from cevnsjax.experiment.description.events import binned_events
from cevnsjax.experiment.description.where import Where

ENERGY, TIME = Axis("energy_keVee", (0.2, 0.4, 0.6, 1.0)), Axis("time_us", (0.0, 1.0, 5.0))


@pytest.fixture
def where(tmp_path):
    return Where("mine.toml", tmp_path, ("data", "events"))


@pytest.fixture
def events(tmp_path):
    """A thousand events, some outside of the bins, as a table of pandas."""
    rng = np.random.default_rng(1)
    table = pandas.DataFrame(
        {
            "energy_keVee": rng.uniform(0.0, 1.2, 1000),
            "time_us": rng.uniform(-1.0, 6.0, 1000),
            "f90": rng.uniform(0.0, 1.0, 1000),
            "w": rng.uniform(0.5, 1.5, 1000),
        }
    )
    table.to_csv(tmp_path / "events.csv", index=False)
    return table


def by_hand(table, axes, kept=slice(None), weights=None):
    rows = [table[axis.name].to_numpy()[kept] for axis in axes]
    weights = None if weights is None else weights[kept]
    return np.histogramdd(rows, [np.asarray(axis.edges) for axis in axes], weights=weights)[0]


def test_energies_and_times(where, events):
    found = binned_events("events.csv", (ENERGY, TIME), where)
    np.testing.assert_array_equal(found, by_hand(events, (ENERGY, TIME)))
    assert 0 < found.sum() < 1000
    only = binned_events("events.csv", (ENERGY, NO_TIMES), where)
    np.testing.assert_array_equal(only[:, 0], by_hand(events, (ENERGY,)))


def test_cuts_and_weights(where, events):
    kept = (events["f90"] >= 0.5) & (events["f90"] <= 0.9)
    given = {"file": "events.csv", "cuts": {"f90": [0.5, 0.9]}, "weight": "w"}
    found = binned_events(given, (ENERGY, TIME), where)
    np.testing.assert_allclose(found, by_hand(events, (ENERGY, TIME), kept, events["w"].to_numpy()), rtol=1e-13)


def test_other_names_and_units(where, events, tmp_path):
    events.assign(**{"E [eV]": 1e3 * events["energy_keVee"], "t_ns": 1e3 * events["time_us"]}).drop(
        columns=["energy_keVee", "time_us"]
    ).to_csv(tmp_path / "other.csv", index=False)
    given = {"file": "other.csv", "columns": {"energy_keVee": "E [eV]", "time_us": "t_ns"}}
    np.testing.assert_array_equal(binned_events(given, (ENERGY, TIME), where), by_hand(events, (ENERGY, TIME)))
    events.rename(columns={"energy_keVee": "energy_MeV"}).assign(energy_MeV=1e-3 * events["energy_keVee"]).to_csv(
        tmp_path / "mev.csv", index=False
    )
    np.testing.assert_array_equal(binned_events("mev.csv", (ENERGY, TIME), where), by_hand(events, (ENERGY, TIME)))


def test_samples_of_a_description(where, events):
    table = {"on": "events.csv", "off": {"file": "events.csv", "cuts": {"f90": [0.0, 0.5]}}}
    data = read_data({"events": table}, ("on", "off"), (ENERGY, TIME), where)
    assert data.counts.shape == (2, 3, 2)
    assert not data.is_prediction
    assert data.counts[1].sum() < data.counts[0].sum()
    with pytest.raises(DescriptionError, match="the sample 'off' is missing"):
        read_data({"events": {"on": "events.csv"}}, ("on", "off"), (ENERGY, TIME), where)


def test_a_million_events(where, tmp_path):
    """Piece by piece: the memory does not grow with their number."""
    rng = np.random.default_rng(2)
    with (tmp_path / "many.csv").open("w") as file:
        file.write("energy_keVee,time_us\n")
        for _ in range(10):
            np.savetxt(file, rng.uniform(0.0, 1.0, (100_000, 2)), fmt="%.5f", delimiter=",")
    tracemalloc.start()
    found = binned_events("many.csv", (ENERGY, TIME), where)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4e7  # bytes: the events alone are 1.6e7
    # four standard deviations of each bin
    np.testing.assert_allclose(found[:, 0], 1e6 * np.diff(ENERGY.edges), rtol=0.01)


def test_parquet(where, events, tmp_path):
    pytest.importorskip("pyarrow")
    events.to_parquet(tmp_path / "events.parquet")
    found = binned_events("events.parquet", (ENERGY, TIME), where)
    np.testing.assert_array_equal(found, by_hand(events, (ENERGY, TIME)))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("none.csv", "none.csv cannot be read"),
        ({}, "'file' is missing"),
        ({"file": "events.csv", "cut": {}}, "did you mean 'cuts'"),
        ({"file": "events.csv", "columns": {"energy": "E"}}, "no axis 'energy'"),
        ({"file": "events.csv", "columns": {"energy_keVee": "E"}}, "no column 'E'"),
        ({"file": "events.csv", "cuts": {"f9": [0, 1]}}, "no column 'f9'; did you mean 'f90'"),
        ({"file": "events.csv", "cuts": {"f90": 0.5}}, "a cut is the two ends"),
        ({"file": "events.csv", "cuts": {"f90": [0.9, 0.5]}}, "a cut is the two ends"),
        ({"file": "events.csv", "weight": "v"}, "no column 'v'"),
        ({"file": "events.csv", "columns": {"energy_keVee": "time_us"}}, "not a unit of this quantity"),
        (3, "a table is needed"),
        ("words.csv", "must hold numbers only"),
        ("holes.csv", "missing or not finite"),
        ("outside.csv", "none of the 1 events of outside.csv lies in the bins"),
        ("empty.csv", "no table of events"),
    ],
)
def test_refused(where, events, tmp_path, given, words):
    (tmp_path / "words.csv").write_text("energy_keVee,time_us\n0.3,early\n")
    (tmp_path / "holes.csv").write_text("energy_keVee,time_us\n0.3,\n")
    (tmp_path / "outside.csv").write_text("energy_keVee,time_us\n300,0.5\n")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DescriptionError) as raised:
        binned_events(given, (ENERGY, TIME), where)
    assert words in str(raised.value)
    assert str(raised.value).startswith("mine.toml: data.events")
