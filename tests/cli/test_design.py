"""design: what it writes, and what it refuses."""

import json
from pathlib import Path

import pytest

SMALL = Path(__file__).parents[1] / "design" / "small.toml"
STUDY = f"""
experiment = "{SMALL}"
budget = 25

[objective]
kind = "PosteriorWidth"
parameters = ["signal_norm"]

[variables.mass]
where = "mass_kg"
low = 1
high = 50
logarithmic = true
price = 10
unit = "kg"

[variables.threshold]
where = "response.threshold_keV"
low = 0.3
high = 0.8
price = 10
power = -1
unit = "keV"
"""


@pytest.fixture
def study(tmp_path):
    def write(text=STUDY, before="", after=""):
        path = tmp_path / "study.toml"
        path.write_text(text.replace(before, after) if before else text)
        return path

    return write


def test_study(cevnsjax, study, tmp_path, written):
    path = study()
    result = cevnsjax("design", path, "--starts", 2, "--budgets", 2, "--no-elasticities", "--json")
    assert result.code == 0, result.err
    folder = tmp_path / "design-study"
    assert written(folder) == {"design.json", "design.png"}
    content, kept = result.json, json.loads((folder / "design.json").read_text())
    assert kept["variables"] == content["variables"]
    assert kept["asked"]["settings"]["experiment"] == str(SMALL)
    assert [row["variable"] for row in content["variables"]] == ["mass", "threshold"]
    assert sum(row["cost"] for row in content["variables"]) == pytest.approx(25.0, rel=1e-5)
    assert content["cost"] == pytest.approx(25.0, rel=1e-5)
    assert content["objective_best"] < content["objective_nominal"]
    assert len(content["front"]) == 2
    assert len(content["starts"]) == 2
    assert "optimising 2 variables from 2 designs" in result.err

    # the same run again as a table; another one in its folder is refused
    again = cevnsjax("design", path, "--starts", 2, "--budgets", 2, "--no-elasticities")
    assert again.code == 0, again.err
    assert "mass" in again.out
    assert "sd of signal_norm" in again.out
    other = cevnsjax("design", path, "--starts", 1, "--budgets", 2, "--no-elasticities")
    assert "holds the results of another run" in other.sentence


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("budget = 25", "budget = 0.5", "the cheapest one costs"),
        ("budget = 25", "budget = 'much'", "budget must be a positive number"),
        ("budget = 25", "budgets = 25", "did you mean 'budget'"),
        ("high = 50", "high = inf", "variables.mass: high of 'mass' must be a finite number"),
        ("high = 50", "height = 50", "called 'height'; did you mean 'high'"),
        ("high = 50\n", "", "variables.mass needs high"),
        ("high = 50", "high = 'fifty'", "variables.mass.high must be a number, got 'fifty'"),
        ('where = "mass_kg"', 'where = "mass"', "mass_kg"),
        ('where = "mass_kg"', 'kind = "Mass"', "Enrichment"),
        ('kind = "PosteriorWidth"', 'kind = "Width"', "PosteriorWidth"),
        ('["signal_norm"]', '"signal_norm"', "objective.parameters must be a list of names"),
        ('["signal_norm"]', '["norm"]', "no free parameter called 'norm'"),
        ("[objective]", "[[hypotheses]]\n'quenching.k' = 'low'\n[objective]", "PATH"),
        ("[objective]", "[[hypotheses]]\nmass_kg = 1.0\n[objective]", "A hypothesis sets mass_kg"),
        ("[variables.", "[variable.", "key in"),
    ],
)
def test_what_is_refused(cevnsjax, study, before, after, sentence):
    assert sentence in cevnsjax("design", study(STUDY, before, after)).sentence


def test_what_cannot_be_read(cevnsjax, tmp_path, study):
    assert "cannot be read" in cevnsjax("design", tmp_path / "none.toml").sentence
    assert "not valid TOML" in cevnsjax("design", study("experiment = ")).sentence
