"""--free, --prior and --grid take any path that --set takes; its dots survive in every file."""

import json

import numpy as np
import pytest
import xarray

SHAPE = "sources.reactor.flux.spectra.fission.energy_MeV.300"  # a knot between 7.3875 and 7.4375 MeV
JOINT = ("experiments.conus.mass_kg", "experiments.connie.mass_kg")


@pytest.mark.slow
def test_fit_of_paths_of_two_experiments(cevnsjax, tmp_path):
    """All files are written, drawn ones too."""
    held = {"conus": "lindhard_k", "connie": "silicon_k"}
    fixed = [f"{each}.{name}" for each in held for name in ("reactor_flux_norm", held[each], "steady_state_norm")]
    priors = (f"{JOINT[0]}=Normal(3.73, 0.05)", f"{JOINT[1]}=Uniform(0.01, 0.2)")
    options = ("--free", f"signal_norm,{JOINT[0]}", "--free", JOINT[1], "--prior", priors[0], "--prior", priors[1])
    result = cevnsjax(
        *("fit", "conus,connie", *options, "--fix", ",".join(fixed)),
        *("--chains", 1, "--warmup", 25, "--samples", 25, "--out", "run", "--json"),
    )
    assert result.code == 0, result.err
    assert list(result.json["parameters"])[:3] == ["signal_norm", *JOINT]
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    described = {row["name"]: row for row in run["parameters"]}
    for path in JOINT:
        assert described[path]["paths"] == [path]
    assert {file.name for file in (tmp_path / "run").iterdir()} >= {"corner.png", "spectrum.png", "posterior.nc"}
    with xarray.open_dataset(tmp_path / "run" / "posterior.nc", group="posterior", engine="h5netcdf") as stored:
        first, second = (stored[path].to_numpy() for path in JOINT)
    assert np.all(np.abs(first - 3.73) < 0.5)
    assert np.all((second > 0.01) & (second < 0.2))
    # a settings file says the same
    again = cevnsjax("config", "run/run.json").out
    (tmp_path / "again.toml").write_text(again)
    assert "seed = 1" in again
    repeated = cevnsjax("fit", "--settings", "again.toml", "--resume", "--json")
    assert repeated.code == 0, repeated.err
    assert repeated.json["parameters"] == result.json["parameters"]


def test_scan_of_a_path(cevnsjax, tmp_path):
    path = "response.efficiency.values.2"  # 0.667
    result = cevnsjax(
        *("scan", "conus-plus", "--fix", "reactor_flux_norm,lindhard_k"),
        *("--grid", f"{path}=0.6:0.7:5", "--prior", f"{path}=Uniform(0.5, 0.8)", "--out", "run", "--json"),
    )
    assert result.code == 0, result.err
    assert list(result.json["best_fit"]) == [path, "signal_norm"]
    with xarray.open_dataset(tmp_path / "run" / "scan.nc", engine="h5netcdf") as stored:
        assert stored["delta_chi2"].dims == (path,)
    assert json.loads((tmp_path / "run" / "scan.json").read_text())["grid"] == {path: [0.6, 0.7, 5, "lin"]}


def test_a_path_of_a_parameter_is_that_parameter(cevnsjax):
    """One number has one name: quenching.k of this experiment is its lindhard_k."""
    result = cevnsjax(
        *("scan", "conus-plus", "--fix", "sources.reactor.flux.norm", "--free", "signal_norm,quenching.k"),
        *("--prior", "quenching.k=Uniform(0.1, 0.3)", "--grid", "signal_norm=0.5:1.5:3", "--out", "run", "--json"),
    )
    assert result.code == 0, result.err
    assert set(result.json["best_fit"]) == {"signal_norm", "lindhard_k"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fit", "conus", "--free", "mass_kg"), "--prior 'mass_kg=Uniform(LOW, HIGH)'"),
        (("fit", "conus", "--free", SHAPE), f"--prior '{SHAPE}=Uniform(LOW, HIGH)'"),
        (("fit", "conus", "--free", "mas_kg"), "no parameter or path called 'mas_kg'; did you mean 'mass_kg'"),
        (("fit", "conus", "--prior", "mass_kg=Uniform(1, 9)"), "'mass_kg', which is not free; name it with --free"),
        (("fit", "conus", "--free", "observed", "--prior", "observed=Uniform(1, 9)"), "called 'observed'"),
        (("fit", "conus", "--free", f"{SHAPE}7"), "no parameter or path called"),
        (
            ("fit", "conus", "--free", "mass_kg", "--prior", "mass_kg=Uniform(5, 9)"),
            "'mass_kg' has no support at its starting value 3.73",
        ),
        (("fit", "conus", "--fix", "mass_kg"), "'mass_kg' is not free, so it cannot be fixed"),
        (
            ("fit", "conus", "--prior", "lindhard_k=Uniform(0.1, 1)", "--prior", "quenching.k=Uniform(0.1, 1)"),
            "Two priors are given for 'lindhard_k'",
        ),
        (("scan", "conus", "--grid", "mass_kg=1:9"), "--prior 'mass_kg=Uniform(LOW, HIGH)'"),
        (("scan", "conus", "--grid", "mas_kg=1:9"), "did you mean 'mass_kg'"),
        (("scan", "conus", "--grid", "mass_kg=1:9", "--prior", "mass_kg=Uniform(3, 5)"), "outside the support"),
        (
            ("scan", "conus", "--grid", "quenching.k=0.1:0.2", "--grid", "lindhard_k=0.1:0.2"),
            "--grid is given for 'lindhard_k' and for its path",
        ),
        (("scan", "conus", "--grid", "quenching.k=0.1:0.2", "--fix", "lindhard_k"), "'lindhard_k' is on the grid"),
        (("spectrum", "conus", "--set", f"{SHAPE}7=1"), "no parameter or path called"),
        (("spectrum", "conus,connie", "--set", "mass_kg=1"), "did you mean"),
    ],
)
def test_refused(cevnsjax, tmp_path, arguments, words):
    assert words in cevnsjax(*arguments, "--json").sentence
    assert not list(tmp_path.iterdir())
