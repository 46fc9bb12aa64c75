"""calibrate: what it writes, that it goes on, and what it refuses."""

import json

import numpy as np
import pytest

from cevnsjax.cli.calibrate import _warnings
from cevnsjax.errors import InterruptedRun
from cevnsjax.inference import Calibration, calibration

FILES = {"calibration.json", "calibration.png"}
# points are looked at as many at a time as there are chains: few chains take longer
SMALL = ("calibrate", "coherent-ge-mini", "--fix", "sns_flux_norm,lindhard_k", "--chains", "8", "--warmup", "50")
SMALL += ("--samples", "13", "--seed", "3")


def record(folder):
    return json.loads((folder / "calibration.json").read_text())


def test_calibration_goes_on(cevnsjax, tmp_path, written, monkeypatch):
    result = cevnsjax(*SMALL, "--datasets", "12", "--json")
    assert result.code == 0, result.err
    folder = tmp_path / "calibrate-coherent-ge-mini-sm"
    assert written(folder) == FILES
    content, kept = result.json, record(folder)
    assert content["files"] == [f"{folder.name}/calibration.json", f"{folder.name}/calibration.png"]
    assert list(content["quantities"]) == ["signal_norm", "log_likelihood"]
    row = content["quantities"]["signal_norm"]
    assert set(row) == {"p_value", "mean_rank", "smallest_ess", "counts", "ranks"}
    assert (content["bins"], len(row["ranks"]), sum(row["counts"])) == (2, 12, 12)
    assert content["ranked_draws"] == 99
    assert kept["quantities"] == content["quantities"]
    assert (kept["model"], kept["seed"], kept["datasets"], kept["schedule"]["chains"]) == ("sm", 3, 12, 8)
    assert {"versions", "device", "settings", "numbers"} <= set(kept)
    assert "calibrating: 12 data sets" in result.err
    assert "below the 99 draws" in result.err

    # the same again, to more data sets, as a table
    longer = cevnsjax(*SMALL, "--datasets", "15", "--resume", "--csv")
    assert longer.code == 0, longer.err
    head, first, second = longer.out.splitlines()
    assert head == "quantity,p_value,mean_rank,smallest_ess"
    assert (first.split(",")[0], second.split(",")[0], second.split(",")[-1]) == ("signal_norm", "log_likelihood", "")
    assert record(folder)["quantities"]["signal_norm"]["ranks"][:12] == row["ranks"]

    # interrupted, and gone on with
    sample, done = calibration.sample, []

    def interrupted(*given, **named):
        if len(done) == 4:
            raise InterruptedRun("Interrupted")
        done.append(1)
        return sample(*given, **named)

    monkeypatch.setattr(calibration, "sample", interrupted)
    fewer = (*SMALL, "--datasets", "6", "--out", "again")
    stopped = cevnsjax(*fewer)
    assert stopped.code == 130
    assert "Interrupted after 4 of 6 data sets" in stopped.err
    monkeypatch.setattr(calibration, "sample", sample)
    assert "this run, interrupted; --resume goes on" in cevnsjax(*fewer).sentence
    result = cevnsjax(*fewer, "--resume")
    assert result.code == 0, result.err
    for name, each in record(tmp_path / "again")["quantities"].items():
        assert each["ranks"] == content["quantities"][name]["ranks"][:6]
    assert "ranks of 6 true values" in result.out
    assert "smallest p-value of 2, corrected for their number" in result.out

    # another one is refused in its folder
    assert "another run (seed: 3 then, 4 now)" in cevnsjax(*SMALL, "--seed", "4", "--datasets", "15").sentence
    assert "seed: 3 then, 4 now" in cevnsjax(*SMALL, "--seed", "4", "--resume").sentence
    assert "another run (datasets: 15 then, 12 now)" in cevnsjax(*SMALL, "--datasets", "12").sentence


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--resume", "--force"), "give one of them"),
        (("--resume",), "nothing to resume from"),
        (("--datasets", "0"), "Invalid value for '--datasets'"),
        (("--samples", "5"), "Ranks among 99 draws need as many of each posterior, which has 40 draws."),
    ],
)
def test_what_is_refused(cevnsjax, tmp_path, arguments, words):
    sentence = cevnsjax(*SMALL, *arguments).sentence
    assert words in sentence
    assert list(tmp_path.iterdir()) == []


def test_warnings():
    def of(ranks, effective=500.0):
        ranks = np.asarray(ranks)
        size = np.full(ranks.size, effective)
        return Calibration({"a": ranks}, 99, {"a": size}, np.zeros(ranks.size, dtype=int))

    assert _warnings(of(np.arange(100))) == []
    (said,) = _warnings(of(np.zeros(100, dtype=int)))
    assert "ranks of a are not uniform" in said
    (said,) = _warnings(of([1, 50, 80]))
    assert "fewer than ten" in said
    (said,) = _warnings(of(np.arange(100), 60.0))
    assert "below the 99 draws that ranks are among, for a" in said
