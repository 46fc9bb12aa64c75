"""sensitivity: what it writes, that it goes on, and what it refuses."""

import json

import numpy as np
import pytest
from scipy.stats import norm

from cevnsjax.inference import toy_scan

FILES = {"sensitivity.json", "sensitivity.png", "asimov.png"}
SMALL = ("sensitivity", "coherent-ge-mini", "--fix", "sns_flux_norm,lindhard_k", "--toys", "100", "--seed", "3")


def test_limits_of_a_number(cevnsjax, tmp_path, written):
    result = cevnsjax(*SMALL, "--exposure", "0.25:4:3", "--json")
    assert result.code == 0, result.err
    folder = tmp_path / "sensitivity-coherent-ge-mini-sm"
    assert written(folder) == FILES | {"exposure.png"}
    content, kept = result.json, json.loads((folder / "sensitivity.json").read_text())
    assert content["files"] == [
        f"{folder.name}/{name}" for name in (*sorted(FILES - {"asimov.png"}), "asimov.png", "exposure.png")
    ]
    assert (content["parameter"], content["null"], content["toys"], content["not_converged"]) == (
        "signal_norm",
        0.0,
        100,
        0,
    )
    assert kept["limits"] == content["limits"]
    assert (kept["model"], kept["seed"], kept["levels"]) == ("sm", 3, [0.68, 0.9, 0.95])
    assert {"versions", "device", "settings", "numbers"} <= set(kept)
    assert list(content["limits"]) == ["two-sided", "one-sided", "cls"]
    row = content["limits"]["two-sided"][1]
    assert row["level"] == 0.9
    assert row["asimov"] > 0.0
    assert row["band_95"][0] < row["band_68"][0] < row["median"] < row["band_68"][1] < row["band_95"][1]
    assert abs(row["median"] - row["asimov"]) < 5.0 * row["error"]
    assert row["observed"] > row["asimov"], "there is a signal in the data"
    curve = content["asimov_curve"]
    assert np.interp(row["asimov"], curve["values"], curve["statistic"]) == pytest.approx(norm.isf(0.05) ** 2, rel=1e-3)
    exposure = content["exposure"]
    assert (exposure["times"], exposure["signal"]) == ([0.25, 1.0, 4.0], 1.0)
    assert np.ptp(np.array(exposure["significance"]) / np.sqrt(exposure["times"])) < 1e-4
    assert exposure["limits"]["cls"][1]["median"][1] == pytest.approx(row["asimov"], rel=1e-3)
    assert "errors of the data are taken to be statistical" in result.err

    # the same again, as tables
    table = cevnsjax(*SMALL, "--exposure", "0.25:4:3", "--csv")
    head, *lines = table.out.splitlines()
    assert head.split(",")[:4] == ["limit", "level", "median", "error"]
    assert len(lines) == 9
    assert float(lines[1].split(",")[2]) == row["median"]
    # another one is refused in its folder
    assert "another run (seed: 3 then, 4 now)" in cevnsjax(*SMALL[:-1], "4", "--exposure", "0.25:4:3").sentence


def test_goes_on(cevnsjax, tmp_path, monkeypatch):
    fit, done = toy_scan.fit_toys, []

    def interrupted(*arguments, **named):
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(1)
        return fit(*arguments, **named)

    options = ("--level", "0.9", "--out", "limits")
    monkeypatch.setattr(toy_scan, "fit_toys", interrupted)
    monkeypatch.setattr("cevnsjax.inference.journal.SAVE_EVERY_S", 0.0)
    stopped = cevnsjax(*SMALL, *options)
    assert stopped.code == 130
    assert stopped.out == ""
    monkeypatch.setattr(toy_scan, "fit_toys", fit)
    assert "this run, interrupted; --resume goes on" in cevnsjax(*SMALL, *options).sentence
    assert "levels" in cevnsjax(*SMALL, "--out", "limits", "--resume").sentence
    result = cevnsjax(*SMALL, *options, "--resume")
    assert result.code == 0, result.err
    assert "upper limits of signal_norm from 100 toys of signal_norm = 0" in result.out
    assert "wrote sensitivity.json, sensitivity.png, asimov.png in limits" in result.out
    assert "observed" in result.out
    assert {file.name for file in (tmp_path / "limits").iterdir()} == FILES


@pytest.mark.slow
def test_limits_of_a_moment(cevnsjax):
    """The band of a magnetic moment from 1000 toys; medians are those of the Asimov data within errors."""
    result = cevnsjax("sensitivity", "dresden-ii", "--model", "magnetic-moment", "--json")
    assert result.code == 0, result.err
    content = result.json
    assert (content["parameter"], content["not_converged"]) == ("moment_ee", 0)
    for rows in content["limits"].values():
        for row in rows:
            assert abs(row["errors_from_asimov"]) < 4.0
            assert row["toys_beyond"] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--resume", "--force"), "give one of them"),
        (("--resume",), "nothing to resume from"),
        (("--toys", "-5"), "Invalid value for '--toys'"),
        (("--level", "1.5"), "levels must lie between 0 and 1, one or more, got 1.5."),
        (("--null", "-2"), "The null of 'signal_norm' must lie in the support"),
        (("--parameter", "couplng"), "couplng"),
        (("--parameter", "lindhard_k"), "'lindhard_k' is both asked for and fixed"),
        (("--signal", "2"), "give --exposure too"),
        (("--exposure", "0.1"), "--exposure needs LOW:HIGH"),
        (("--exposure", "0:10:5:lin"), "needs LOW above zero, got 0"),
        (("--exposure", "1:10", "--signal", "0"), "The signal of 'signal_norm' must differ from the null 0"),
    ],
)
def test_what_is_refused(cevnsjax, tmp_path, arguments, words):
    sentence = cevnsjax(*SMALL, *arguments).sentence
    assert words in sentence
    assert list(tmp_path.iterdir()) == []
