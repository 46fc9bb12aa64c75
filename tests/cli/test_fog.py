"""The command `cevnsjax fog`: the library's numbers, files, and what it refuses."""

import csv
import io
import json

import numpy as np
import pytest

FEW = ("--source", "8B", "--lowest-mass", 5, "--highest-mass", 7, "--masses", 3)


@pytest.fixture(scope="module")
def line():
    from cevnsjax.design import FLUX_NORMS, fog_line, fog_scattering, recoil_fog

    norms = {"8B": FLUX_NORMS["8B"]}
    return fog_line(recoil_fog(fog_scattering("Ar40", norms), 1e3 * np.geomspace(5.0, 7.0, 3), norms=norms))


def test_numbers_and_files(cevnsjax, line, tmp_path):
    result = cevnsjax("fog", "Ar40", *FEW, "--json")
    assert result.code == 0, result.err
    found = result.json["lines"]["Standard Model"]
    np.testing.assert_allclose(found["cross_section_cm2"], 1e-45 * np.asarray(line.cross_section_1e45cm2), rtol=1e-9)
    np.testing.assert_allclose(found["exposure_t_yr"], line.exposure_t_yr, rtol=1e-9)
    assert np.shape(result.json["discovery_limits"]["opacity"]) == (3, 151)
    folder = tmp_path / "fog-Ar40-sm"
    assert sorted(each.name for each in folder.iterdir()) == ["fog.json", "fog.png"]
    record = json.loads((folder / "fog.json").read_text())
    assert record["lines"]["Standard Model"] == found
    assert record["uncertainty"] == {"8B": 0.02}
    # the same again may replace it, another one may not
    assert cevnsjax("fog", "Ar40", *FEW, "--csv").code == 0
    assert "another run" in cevnsjax("fog", "Ar40", *FEW, "--uncertainty", "8B=0.1").sentence


def test_a_model_beside_the_standard_model(cevnsjax, line):
    result = cevnsjax("fog", "Ar40", *FEW, "--model", "nsi", "--set", "eps_ee_u=0.2", "--csv", "--out", "elsewhere")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert list(rows[0]) == [
        *("mass_GeV", "cross_section_cm2", "exposure_t_yr"),
        *("standard_model_cross_section_cm2", "standard_model_exposure_t_yr"),
    ]
    np.testing.assert_allclose(
        [float(row["standard_model_cross_section_cm2"]) for row in rows],
        1e-45 * np.asarray(line.cross_section_1e45cm2),
        rtol=1e-9,
    )
    # fewer neutrinos, a lower fog
    assert all(float(row["cross_section_cm2"]) < float(row["standard_model_cross_section_cm2"]) for row in rows)


def test_table_and_warning(cevnsjax):
    result = cevnsjax("fog", "Ar40", *FEW, "--uncertainty", "8B=0")
    assert result.code == 0
    assert "3 of 3 masses have no fog (Standard Model)" in result.err
    assert "sigma_p (cm^2)" in result.out
    assert "wrote fog.json, fog.png in fog-Ar40-sm" in result.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("Xq",), "Xq"),
        (("Ar", "--lowest-mass", 0), "--lowest-mass must be positive and below --highest-mass (both in GeV), got 0"),
        (("Ar", "--lowest-mass", 5, "--highest-mass", 5), "got 5 and 5"),
        (("Ar", "--source", "9B"), "There is no source of the fog called '9B'"),
        (("Ar", "--source", "8B", "--uncertainty", "hep=0.1"), "There is no source of this fog called 'hep'"),
        (("Ar", "--uncertainty", "8B=-0.1"), "must be zero or positive"),
        (("Ar", "--uncertainty", "8B=lots"), "'lots' is not a number"),
        (("Ar", "--uncertainty", "8B"), "--uncertainty needs NAME=VALUE, got '8B'"),
        (("Ar", "--source", "8B", "--model", "nsy"), "nsy"),
        (("Ar", "--source", "8B", "--model", "nsi", "--set", "eps_xx_u=1"), "eps_xx_u"),
        (("Ar", "--source", "8B", "--model", "sm+electrons"), "leave electrons out of the model"),
        (("Ar", "--json", "--csv"), "Give one of --json and --csv"),
    ],
)
def test_bad_input(cevnsjax, arguments, sentence, tmp_path):
    assert sentence in cevnsjax("fog", *arguments).sentence
    assert not list(tmp_path.iterdir())
