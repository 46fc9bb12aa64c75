"""list, spectrum and validate: what they print, and what they refuse."""

import os
import subprocess
import sys

import equinox as eqx
import numpy as np
import pytest

from cevnsjax import validation
from cevnsjax.errors import CevnsjaxError, ParameterError
from cevnsjax.experiment import Experiment, coherent_csi_2021
from cevnsjax.parameter import describe_prior
from cevnsjax.paths import check_tree, set_number
from cevnsjax.prior_texts import parse_prior
from cevnsjax.validation import PublishedNumber

CSI = "coherent-csi-2021"


@pytest.mark.parametrize("command", ["list", "spectrum", "fit", "calibrate", "scan", "unfold", "validate"])
def test_help_has_examples(cevnsjax, command):
    result = cevnsjax(command, "--help")
    assert result.code == 0
    assert "Examples:" in result.out
    assert f"cevnsjax {command}" in result.out
    assert "--json" in result.out


def test_help_needs_no_heavy_import():
    script = (
        "import sys\nfrom cevnsjax.cli import main\n"
        "try:\n    main(['fit', '--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'jax', 'matplotlib', 'xarray', 'numpyro'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_python_m_and_a_cache_that_cannot_be_written():
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": os.devnull + "/cache"}
    run = subprocess.run(
        [sys.executable, "-m", "cevnsjax", "list", "models", "--json"], capture_output=True, text=True, env=environment
    )
    assert run.returncode == 0
    assert run.stderr == ""


def test_list_json(cevnsjax):
    content = cevnsjax("list", "--paths", "--json").json
    experiments = {row["name"]: row for row in content["experiments"]}
    assert "2110.07730" in experiments[CSI]["description"]
    kinds = {CSI: "data", "conus-plus": "counting", "nucleus-1": "projection"}
    assert {name: experiments[name]["kind"] for name in kinds} == kinds
    models = {row["name"]: row for row in content["models"]}
    assert models["sm"]["default_free"] == ["signal_norm"]
    parameters = {row["name"]: row for row in content["parameters"]}
    assert parameters["signal_norm"] == {
        "name": "signal_norm",
        "free": True,
        "nominal": 1.0,
        "prior": "Uniform(0, 3)",
        "unit": "",
        "paths": ["signal_norm"],
        "nuisance": False,
        "description": "signal over its prediction",
    }
    assert not parameters["sns_flux_norm"]["free"]
    assert parameters["brn_events"]["free"]
    paths = {row["path"]: row for row in content["paths"]}
    assert paths["mass_kg"] == {"path": "mass_kg", "shape": [], "nominal": 14.6}
    assert not any(path.startswith(("frozen", "observed")) for path in paths)


def test_list_tables(cevnsjax):
    result = cevnsjax("list", "parameters", "--model", "nsi")
    assert result.code == 0
    assert "eps_ee_u" in result.out
    assert "Uniform(-1, 1)" in result.out
    assert "CsI[Na]" in cevnsjax("list", "experiments").out
    assert "PROSPECT" in cevnsjax("list", "spectra").out


def test_list_overlays(cevnsjax):
    rows = {row["name"]: row for row in cevnsjax("list", "overlays", "--json").json["overlays"]}
    row = rows["miniboone-electrons"]
    assert (row["kind"], row["confidence_level"], row["dark_matter"]) == ("observed limit", 0.9, "complex scalar")
    assert (row["quantities"], row["assumptions"]) == (["m_chi [MeV]", "Y"], ["alpha_D = 0.5", "mass_ratio = 3"])
    assert "1807.06137" in row["source"]
    printed = cevnsjax("list", "overlays").out
    for words in ("miniboone-electrons", "m_chi [MeV], Y", "alpha_D = 0.5, mass_ratio = 3", "arXiv:1807.06137"):
        assert words in printed
    assert cevnsjax("list", "overlays", "--csv").out.startswith("name,kind,confidence_level,quantities,")


def test_spectrum_json(cevnsjax):
    result = cevnsjax("spectrum", CSI, "--json")
    assert result.err == ""
    content = result.json
    assert (content["experiment"], content["model"]) == (CSI, "sm")
    energy, time = content["bins"]["photoelectrons_PE"], content["bins"]["time_us"]
    experiment = coherent_csi_2021()
    for name, counts in eqx.filter_jit(Experiment.contributions)(experiment).items():
        component = content["components"][name]
        assert np.shape(component["counts"]) == (len(energy) - 1, len(time) - 1)
        np.testing.assert_allclose(component["counts"], counts, rtol=1e-9, atol=1e-12)
        assert component["total"] == pytest.approx(np.sum(component["counts"]))
    flavours = content["components"]["cevns"]["by_component"]
    assert tuple(flavours) == experiment.components("cevns")
    assert sum(flavours.values()) == pytest.approx(content["components"]["cevns"]["total"])
    assert list(content["observed"]) == ["coincidence", "anticoincidence"]
    assert np.sum(content["observed"]["coincidence"]) == 1578


def test_spectrum_set_takes_paths_and_parameters(cevnsjax):
    nominal = cevnsjax("spectrum", CSI, "--json").json["components"]
    moved = cevnsjax(
        "spectrum", CSI, "--set", "mass_kg=29.2", "--set", "signal_norm=0.5", "--set", "brn_events=20", "--json"
    ).json["components"]
    assert moved["cevns"]["total"] == pytest.approx(nominal["cevns"]["total"])
    assert moved["brn"]["total"] == pytest.approx(20.0)
    nsi = cevnsjax("spectrum", CSI, "--model", "nsi", "--set", "eps_ee_u=0.1", "--json").json["components"]
    assert nsi["cevns"]["by_component"]["nu_mu"] == pytest.approx(nominal["cevns"]["by_component"]["nu_mu"])
    assert nsi["cevns"]["by_component"]["nu_e"] != pytest.approx(nominal["cevns"]["by_component"]["nu_e"], rel=0.01)


def test_spectrum_table_plot_and_precision(cevnsjax, tmp_path):
    result = cevnsjax("spectrum", CSI, "--plot", "plot.png", "--precision", "float32")
    assert result.code == 0
    assert "anticoincidence" in result.out
    assert "by flux component" in result.out
    assert [file.name for file in tmp_path.iterdir()] == ["plot.png"]
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("spectrum", "coherent-csi-2020"), ("no experiment", f"did you mean '{CSI}'")),
        (("spectrum", CSI, "--model", "smm"), ("no model", "did you mean 'sm'")),
        (("list", "parameters", "--experiment", "lar"), ("no experiment", "did you mean 'coherent-lar'")),
        (("spectrum", CSI, "--set", "mas_kg=1"), ("no parameter or path", "'mass_kg'")),
        (("spectrum", CSI, "--set", "rms_radius=1"), ("did you mean", "rms_radius_fm")),
        (("spectrum", CSI, "--set", "observed=1"), ("no parameter or path",)),
        (("spectrum", CSI, "--set", "target=1"), ("no parameter or path",)),
        (("spectrum", CSI, "--set", "mass_kg"), ("NAME=VALUE",)),
        (("spectrum", CSI, "--set", "mass_kg=heavy"), ("not a number",)),
        (("spectrum", CSI, "--set", "mass_kg=nan"), ("finite",)),
        (("spectrum", CSI, "--set", "mass_kg=-1"), ("mass_kg must be positive",)),
        (("spectrum", CSI, "--set", "target.nuclides.Cs133.mass_MeV=-1"), ("mass_MeV must be positive",)),
        (
            ("spectrum", CSI, "--set", "target.nuclides.I127.neutron_form_factor.rms_radius_fm=-4.8"),
            ("rms_radius_fm must be positive", "-4.8"),
        ),
        (("spectrum", CSI, "--set", "sources.sns.arrival.pulse.width_us=0"), ("width_us must be positive",)),
        (("spectrum", CSI, "--set", "signal_norm=-1"), ("'cevns' are negative",)),
        (("spectrum", CSI, "--plot", "plot.xyz"), ("endings", "png")),
        (("spectrum", CSI, "--plot", "nowhere/plot.png"), ("cannot be written",)),
        (("validate", "--only", "no-such-*"), ("no published number",)),
    ],
)
def test_refused(cevnsjax, tmp_path, arguments, words):
    sentence = cevnsjax(*arguments, "--json").sentence
    for word in words:
        assert word in sentence
    assert not list(tmp_path.iterdir())


def test_check_tree():
    experiment = coherent_csi_2021()
    check_tree(experiment)
    broken = set_number(experiment, "target.nuclides.Cs133.proton_form_factor.range_fm", -0.7)
    with pytest.raises(CevnsjaxError, match="range_fm must be positive"):
        check_tree(broken)


@pytest.mark.parametrize(
    ("text", "kind", "value", "log_density"),
    [
        ("Normal(0, 1)", "Normal", 0.0, -0.9189385),
        ("Normal(loc=-1, scale=2e0)", "Normal", -1.0, -0.9189385 - np.log(2.0)),
        ("Uniform(-1, +3)", "Uniform", 0.0, -np.log(4.0)),
        ("TruncatedNormal(0, 1, low=0)", "LeftTruncatedDistribution", 0.0, -0.9189385 + np.log(2.0)),
        ("TruncatedNormal(0, 1, high=0)", "RightTruncatedDistribution", 0.0, -0.9189385 + np.log(2.0)),
        ("TruncatedNormal(0, 1, -1, 1)", "TwoSidedTruncatedDistribution", 0.0, -0.9189385 - np.log(0.6826895)),
        ("LogNormal(0, 1)", "LogNormal", 1.0, -0.9189385),
        ("LogUniform(1, 10)", "LogUniform", 2.0, -np.log(2.0 * np.log(10.0))),
        ("HalfNormal(1)", "HalfNormal", 0.5, -0.9189385 + np.log(2.0) - 0.125),
    ],
)
def test_priors(standard_promotion, text, kind, value, log_density):
    prior = parse_prior(text)
    assert type(prior).__name__ == kind
    assert float(prior.log_prob(value)) == pytest.approx(log_density, abs=1e-6)
    again = parse_prior(describe_prior(prior))
    assert type(again).__name__ == kind
    assert float(again.log_prob(value)) == pytest.approx(log_density, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Cauchy(0, 1)", "allowed are Normal"),
        ("__import__('os').system('true')", "not known"),
        ("Normal", "not known"),
        ("Normal(0, 1", "not known"),
        ("Normal(0)", "lacks scale"),
        ("Normal(0, 1, 2)", "too many"),
        ("Normal(0, scale=1, width=2)", "no argument 'width'"),
        ("Normal(0, loc=1, scale=1)", "twice"),
        ("Normal(0, 'a')", "numbers only"),
        ("Normal(0, 2**3)", "numbers only"),
        ("Normal(0, True)", "numbers only"),
        ("Normal(*[0, 1])", "numbers only"),
        ("Normal(0, 1e999)", "numbers only"),
        ("Normal(0, 0)", "scale above zero"),
        ("HalfNormal(-1)", "scale above zero"),
        ("Uniform(1, 1)", "low below high"),
        ("TruncatedNormal(0, 1, low=2, high=1)", "low below high"),
        ("LogUniform(0, 1)", "low above zero"),
    ],
)
def test_bad_priors(text, words):
    with pytest.raises(ParameterError, match=words):
        parse_prior(text)


def _numbers(*computed):
    return tuple(
        PublishedNumber(f"n-{i}", "a source", "a convention", 1.0, 0.5, "events", lambda value=value: value)
        for i, value in enumerate(computed)
    )


def test_validate(cevnsjax, monkeypatch):
    monkeypatch.setattr(validation, "PUBLISHED", _numbers(1.1, 2.0, 0.9))
    result = cevnsjax("validate", "--json")
    assert result.code == 1
    content = result.json
    assert not content["holds"]
    assert [row["verdict"] for row in content["numbers"]] == ["holds", "fails", "holds"]
    assert content["numbers"][0] == {
        "id": "n-0",
        "source": "a source",
        "convention": "a convention",
        "published": 1.0,
        "tolerance": 0.5,
        "unit": "events",
        "computed": 1.1,
        "verdict": "holds",
    }
    held = cevnsjax("validate", "--only", "n-[02]")
    assert held.code == 0
    assert "2 of 2 hold" in held.out


def test_validate_counts_of_the_release(cevnsjax):
    result = cevnsjax("validate", "--only", "csi-2021-events-*", "--json")
    assert result.code == 0
    assert [row["computed"] for row in result.json["numbers"]] == [1578.0, 1295.0]
