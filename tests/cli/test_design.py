"""design: what it writes, and what it refuses."""

import json
from pathlib import Path

import pytest

from cevnsjax.cli.study_file import read_study
from cevnsjax.design import Enrichment, MassFraction, SourceOff, Variable, WorstCase
from cevnsjax.quenching import Lindhard, Sarkis

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


def test_kinds_of_variables(study):
    """Each with its own keys, by the names of their classes; whole numbers are numbers."""
    bounds = {"low": 0.1, "high": 0.9}
    asked = (
        Variable(name="days", where=("exposure_days",), low=1.0, high=2.0, logarithmic=True),
        Enrichment(name="ge76", nuclide="Ge76", price=3.0, **bounds),
        MassFraction(name="csi", material="CsI", rest="NaI", target="experiments.a.target", **bounds),
        SourceOff(name="off", sample="source_off", experiment="a", **bounds),
    )
    lines = ['experiment = "small"', "[objective]", 'kind = "PosteriorWidth"', 'parameters = ["signal_norm"]']
    lines += ["[variables.days]", 'where = ["exposure_days"]', "low = 1", "high = 2", "logarithmic = true"]
    own = {
        "ge76": 'kind = "Enrichment"\nnuclide = "Ge76"\nprice = 3',
        "csi": 'kind = "MassFraction"\nmaterial = "CsI"\nrest = "NaI"\ntarget = "experiments.a.target"',
        "off": 'kind = "SourceOff"\nsample = "source_off"\nexperiment = "a"',
    }
    for name, text in own.items():
        lines += [f"[variables.{name}]", "low = 0.1", "high = 0.9", text]
    assert read_study(study("\n".join(lines))).variables == asked


def test_hypotheses_that_are_quenchings(study):
    """As in the file of an experiment, whatever their classes; numbers beside them."""
    hypotheses = """
[[hypotheses]]
quenching = { kind = "Lindhard", k = 0.157, proton_number = 32 }
mass_kg = 3
[[hypotheses]]
quenching = { kind = "Sarkis.germanium" }
mass_kg = 4
[objective]"""
    read = read_study(study(STUDY.replace('where = "mass_kg"', 'where = "exposure_days"'), "[objective]", hypotheses))
    assert isinstance(read.objective, WorstCase)
    lindhard, sarkis = read.objective.hypotheses["quenching"]
    assert (type(lindhard), float(lindhard.k), type(sarkis)) == (Lindhard, 0.157, Sarkis)
    assert read.objective.hypotheses["mass_kg"].tolist() == [3.0, 4.0]


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
        ('where = "mass_kg"', 'kind = "Mass"', "MassFraction"),
        ('kind = "PosteriorWidth"', 'kind = "Width"', "PosteriorWidth"),
        ('where = "mass_kg"', 'kind = "MassFraction"\nmaterial = 3', "variables.mass.material must be a text, got 3"),
        ('where = "mass_kg"', 'kind = "SourceOff"', "variables.mass needs sample"),
        ('["signal_norm"]', '"signal_norm"', "objective.parameters must be a list of names"),
        ('["signal_norm"]', '["norm"]', "no free parameter called 'norm'"),
        ("[objective]", "[[hypotheses]]\n'quenching.k' = 'low'\n[objective]", "PATH"),
        ("[objective]", "[[hypotheses]]\nmass_kg = 1.0\n[objective]", "A hypothesis sets mass_kg"),
        (
            "[objective]",
            "[[hypotheses]]\nquenching = { kind = 'Linhard', k = 0.157 }\n[objective]",
            "hypotheses.0.quenching.kind: there is no Quenching 'Linhard'; did you mean 'Lindhard'",
        ),
        ("[objective]", "[[hypotheses]]\nquenching = { kind = 'Lindhard', k = 0.1 }\n[objective]", "'proton_number'"),
        ("[objective]", "[[hypotheses]]\na = 1.0\n[[hypotheses]]\nb = 1.0\n[objective]", "must have values for a"),
        ("[variables.", "[variable.", "key in"),
    ],
)
def test_what_is_refused(cevnsjax, study, before, after, sentence):
    assert sentence in cevnsjax("design", study(STUDY, before, after)).sentence


def test_what_cannot_be_read(cevnsjax, tmp_path, study):
    assert "cannot be read" in cevnsjax("design", tmp_path / "none.toml").sentence
    assert "not valid TOML" in cevnsjax("design", study("experiment = ")).sentence
