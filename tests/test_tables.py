import json
import re

import numpy as np
import pytest

from cevnsjax.arrays import check_edges
from cevnsjax.tables import DataFileError, Values, data_path, read_table, read_values

HEADER = "# title: a table\n# source: here\n# made_by: hand\n"
TABLE = HEADER + "# rows: 2\nname,energy_keV,counts\nfirst,1.5,3\nsecond,2.5,4\n"
COLUMNS = ["name", "energy_keV", "counts"]
CSI = "coherent_csi_2021/"


def written(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(tmp_path, text, **options):
    with pytest.raises(DataFileError) as caught:
        read_table(written(tmp_path, text), **({"text_columns": ["name"]} | options))
    message = str(caught.value)
    assert "table.csv" in message
    return message


# --- CSV tables


def test_table_is_read(tmp_path):
    table = read_table(written(tmp_path, TABLE + ""), columns=COLUMNS, text_columns=["name"])
    assert (table.title, table.source, table.made_by) == ("a table", "here", "hand")
    assert table.metadata["rows"] == "2"
    assert table["name"].tolist() == ["first", "second"]
    assert table["energy_keV"].dtype == np.float64
    np.testing.assert_array_equal(table["energy_keV"], [1.5, 2.5])
    with pytest.raises(ValueError, match="read-only"):
        table["counts"][0] = 1


@pytest.mark.parametrize("change", [("\n", "\r\n"), ("# title", "\ufeff# title"), ("first,", ' "first" ,')])
def test_other_spellings_are_read(tmp_path, change):
    path = tmp_path / "table.csv"
    path.write_bytes(TABLE.replace(*change).replace(' "first" ', '"first"').encode())
    assert read_table(path, text_columns=["name"])["name"].tolist() == ["first", "second"]


def test_no_final_newline_and_no_rows(tmp_path):
    assert read_table(written(tmp_path, TABLE.rstrip()), text_columns=["name"])["counts"].tolist() == [3, 4]
    assert read_table(written(tmp_path, HEADER + "# rows: 0\na,b\n"))["a"].shape == (0,)


@pytest.mark.parametrize("key", ["title", "source", "made_by", "rows"])
def test_missing_header_key(tmp_path, key):
    text = "".join(line for line in TABLE.splitlines(keepends=True) if not line.startswith(f"# {key}"))
    assert f"line 4: the header has no key '{key}'" in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# source: here", "# source here", "line 2: '# source here' is no header line"),
        ("# source: here", "# source:", "line 2: '# source:' is no header line"),
        ("# source: here", "# title: again", "line 2: the header key 'title' is given twice"),
        ("rows: 2", "rows: two", "line 4: rows is 'two'"),
        ("rows: 2", "rows: -2", "line 4: rows is '-2'"),
        ("rows: 2", "rows: 3", "line 7: the file ends after 2 data rows, the 3 of its header"),
        ("rows: 2", "rows: 1", "line 7: the file ends after 2 data rows, the 1 of its header"),
        ("second,2.5,4\n", "", "line 6: the file ends after 1 data rows, the 2 of its header"),
        ("second,2.5,4\n", "second,2.5", "line 7: 2 fields, exactly 3 are allowed"),
        ("second,2.5,4", "second,2.5,4,5", "line 7: 4 fields, exactly 3 are allowed"),
        ("first,1.5,3\n", "\nfirst,1.5,3\n", "line 6: 0 fields, exactly 3 are allowed"),
        ("2.5", "two", "line 7: column 'energy_keV' has 'two', only finite numbers"),
        ("2.5", "", "line 7: column 'energy_keV' has '', only finite numbers"),
        ("2.5", "1_0", "line 7: column 'energy_keV' has '1_0', only finite numbers"),
        ("1.5", "NaN", "line 6: column 'energy_keV' has 'NaN', only finite numbers"),
        ("1.5", "-inf", "line 6: column 'energy_keV' has '-inf', only finite numbers"),
        ("1.5", "1e999", "line 6: column 'energy_keV' has '1e999', only finite numbers"),
        ("first", " ", "line 6: the text column 'name' is empty"),
        ("second", '"second', "line 7: no comma-separated row"),
        ("name,energy_keV,counts", "name,counts,counts", "line 5: an empty or repeated column name"),
        ("name,energy_keV,counts", "name,,counts", "line 5: an empty or repeated column name"),
    ],
)
def test_broken_table(tmp_path, old, new, message):
    assert message in refused(tmp_path, TABLE.replace(old, new, 1))


def test_file_of_only_a_header(tmp_path):
    assert "line 5: the file ends before the line of column names" in refused(tmp_path, HEADER + "# rows: 2\n")
    assert "line 1: the header has no key 'title'" in refused(tmp_path, "")


def test_wrong_columns(tmp_path):
    message = refused(tmp_path, TABLE, columns=["name", "energy_MeV", "counts"])
    assert "line 5: no column 'energy_MeV'; did you mean 'energy_keV'?" in message
    assert "line 5: unknown column 'counts'" in refused(tmp_path, TABLE, columns=["name", "energy_keV"])
    assert "line 5: no column 'label'" in refused(tmp_path, TABLE, text_columns=["label"])
    assert "line 6: column 'name' has 'first'" in refused(tmp_path, TABLE, text_columns=[])


def test_unknown_column_of_a_table(tmp_path):
    table = read_table(written(tmp_path, TABLE), text_columns=["name"])
    with pytest.raises(DataFileError, match=r"table\.csv: no column 'energy_kev'; did you mean 'energy_keV'"):
        table["energy_kev"]


def test_unreadable_files(tmp_path):
    path = tmp_path / "table.csv"
    with pytest.raises(DataFileError, match=r"table\.csv: cannot be read"):
        read_table(path)
    with pytest.raises(DataFileError, match=r"table\.csv: cannot be read"):
        read_values(path)
    path.write_bytes(b"# title: \xff\n")
    with pytest.raises(DataFileError, match=r"table\.csv: byte 9 is not UTF-8"):
        read_table(path)


# --- JSON value files


def value_file(**entry):
    values = {"mass_kg": {"value": 14.6, "unit": "kg", "source": "paper"}}
    values["edges_us"] = {"value": [0, 0.5, 1], "unit": "us", "source": "release"} | entry
    return {"title": "values", "source": "here", "made_by": "hand", "values": values}


def values_refused(tmp_path, content):
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(DataFileError) as caught:
        read_values(written(tmp_path, text, "values.json"))
    assert "values.json" in str(caught.value)
    return str(caught.value)


def test_values_are_read(tmp_path):
    values = read_values(written(tmp_path, json.dumps(value_file()), "values.json"))
    assert isinstance(values, Values)
    assert (values.title, values.file_source, values.made_by) == ("values", "here", "hand")
    assert values["mass_kg"] == 14.6
    assert isinstance(values["mass_kg"], float)
    assert (values.unit("edges_us"), values.source("edges_us")) == ("us", "release")
    np.testing.assert_array_equal(values["edges_us"], [0, 0.5, 1])
    assert list(values) == ["mass_kg", "edges_us"]
    assert len(values) == 2
    assert "mass_kg" in values
    for ask in (values.__getitem__, values.unit, values.source):
        with pytest.raises(DataFileError, match=r"values\.json: no value 'mass_g'; did you mean 'mass_kg'"):
            ask("mass_g")


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), None, "1", True, [], [1, float("nan")], [[1]], [1, False], 10**400]
)
def test_bad_value(tmp_path, value):
    message = values_refused(tmp_path, value_file(value=value))
    assert "entry 'edges_us': value is" in message
    assert "a finite number or a list of finite numbers is allowed" in message


@pytest.mark.parametrize("key", ["title", "source", "made_by", "values"])
def test_missing_key_of_the_file(tmp_path, key):
    content = value_file()
    del content[key]
    assert f"values.json: no key '{key}'" in values_refused(tmp_path, content)


@pytest.mark.parametrize("key", ["value", "unit", "source"])
def test_missing_key_of_an_entry(tmp_path, key):
    content = value_file()
    del content["values"]["edges_us"][key]
    assert f"entry 'edges_us': no key '{key}'" in values_refused(tmp_path, content)


def test_other_faults_of_a_value_file(tmp_path):
    text = json.dumps(value_file(), indent=1)
    assert re.search(r"line \d+: invalid JSON", values_refused(tmp_path, text[:-10]))
    assert "line 3: invalid JSON" in values_refused(tmp_path, '{\n"title": "t",\n"source" "s"}')
    assert "key 'title' is given twice" in values_refused(tmp_path, text.replace('"source"', '"title"', 1))
    assert "list found, an object with the keys" in values_refused(tmp_path, "[]")
    assert "entry 'values'" in values_refused(tmp_path, value_file() | {"values": [1]})
    assert "entry 'mass_kg': float found" in values_refused(tmp_path, value_file() | {"values": {"mass_kg": 14.6}})
    assert "entry 'edges_us': 'unit' is ''" in values_refused(tmp_path, value_file(unit=""))


# --- places and edges


def test_data_path():
    assert data_path("nuclides.csv").is_file()
    with pytest.raises(DataFileError, match=rf"'{CSI}event\.csv'.* did you mean '{CSI}events\.csv'"):
        data_path(f"{CSI}event.csv")


@pytest.mark.parametrize(
    "relative", ["", "/etc/hosts", "../pyproject.toml", "coherent_csi_2021", "./nuclides.csv", "a\\b"]
)
def test_data_path_stays_inside(relative):
    with pytest.raises(DataFileError, match="no such packaged data file"):
        data_path(relative)


@pytest.mark.parametrize("edges", [[0, 1, 2.5], (0.0, 1.0, 2.5), np.array([0, 1, 2.5])])
def test_check_edges(edges):
    checked = check_edges("time bins", edges, "us")
    assert checked.dtype == np.float64
    np.testing.assert_array_equal(checked, [0, 1, 2.5])


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([0.0, 2.0, 1.0], "time bins must be finite and increase strictly (in us), got"),
        ([0.0, 1.0, 1.0], "time bins must be finite and increase strictly (in us), got"),
        ([0.0], "at least two edges in us, got shape"),
        ([[0.0, 1.0]], "at least two edges in us, got shape"),
        ([0.0, float("nan")], "time bins must be finite"),
    ],
)
def test_bad_edges(edges, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check_edges("time bins", edges, "us")


# --- the packaged files


def test_every_packaged_file_reads():
    folder = data_path("nuclides.csv").parent
    tables = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.csv"))
    assert len(tables) >= 16
    text_columns = {
        "nuclides.csv": ["name"],
        "nuclear_spins.csv": ["name"],
        "electron_shells.csv": ["element", "shell"],
        "nuclear/measured_levels.csv": ["nuclide", "spin_parity", "transition", "quantity", "source", "status"],
        "nuclear/ar40_to_k40.csv": ["set", "origin"],
        "nuclear/flux_averages.csv": ["target", "reaction", "flux", "experiment"],
        "nuclear/inclusive_cross_sections.csv": ["reaction"],
        "nuclear/inclusive_reactions.csv": ["reaction", "target", "current", "neutrinos", "formula"],
        "peers.csv": ["code", "interaction", "nucleus"],
        "reactor/polynomials.csv": ["isotope"],
    }
    for name in tables:
        read_table(name, text_columns=text_columns.get(name, []))
    for path in folder.rglob("*.json"):
        read_values(path.relative_to(folder).as_posix())


def test_csi_events():
    table = read_table(f"{CSI}events.csv")
    low, time = table["photoelectrons_low_PE"], table["time_low_us"]
    c, ac = table["coincidence_counts"], table["anticoincidence_counts"]
    window = (low < 60) & (time < 6)
    assert (c[window].sum(), ac[window].sum()) == (1578, 1295)
    assert (c.sum(), ac.sum()) == (5142, 4890)
    assert table.metadata["coincidence_total_below_60_PE"] == "1578"
    assert len(set(zip(low, time, strict=True))) == low.size
    assert np.all(c + ac > 0)
    assert np.all((low >= 0) & (low < 250) & (low % 1 == 0))
    assert np.all((time >= 0) & (time < 6) & (time % 0.125 == 0))


def test_csi_neutrons():
    table = read_table(f"{CSI}neutron_photoelectrons.csv")
    np.testing.assert_array_equal(table["photoelectrons_low_PE"], np.arange(250))
    times = read_table(f"{CSI}neutron_times.csv")
    np.testing.assert_allclose(times["time_low_us"], -0.25 + 0.01 * np.arange(650), atol=1e-12)
    assert "already applied" in table.metadata["efficiency"]
    assert "NOT applied" in times.metadata["efficiency"]
    centre = times["time_low_us"] + 0.005
    values = read_values(f"{CSI}parameters.json")
    decay, plateau = values["time_efficiency_decay_per_us"], values["time_efficiency_plateau_end_us"]
    efficiency = np.exp(-decay * np.maximum(centre - plateau, 0)) * ((centre > 0) & (centre < values["time_end_us"]))
    for kind, total, events, in_window in (("brn", 27.632, 18.4, 18.31), ("nin", 7.5648, 5.6, 5.18)):
        density, counts = table[f"{kind}_density_per_PE"], times[f"{kind}_counts"]
        assert density[:60].sum() == pytest.approx(1, abs=1e-6)
        assert counts.sum() == pytest.approx(total, rel=1e-4)
        inside = (centre > 0) & (centre < values["time_end_us"])
        assert counts[inside].sum() / density.sum() == pytest.approx(values[f"{kind}_events"], abs=0.05)
        assert (counts * efficiency).sum() / density.sum() == pytest.approx(in_window, abs=0.005)
        assert values[f"{kind}_events"] == events


def test_csi_parameters():
    values = read_values(f"{CSI}parameters.json")
    np.testing.assert_array_equal(values["response_coefficients_MeV"], [0.0554628, 4.30681, -111.707, 840.384])
    np.testing.assert_allclose(values["response_shift_0_MeV"], [0.0059004, -0.79134, 26.1522, -244.822], rtol=1e-12)
    np.testing.assert_allclose(values["response_shift_1_MeV"], [-4.98e-5, -0.37084, 18.6025, -210.292], rtol=1e-12)
    np.testing.assert_array_equal(values["efficiency_coefficients_PE"], [1.32045, 0.285979, 10.8646, -0.333322])
    np.testing.assert_allclose(values["efficiency_shift_PE"], [0.02345, -0.000613, -1.01864, -0.023042], rtol=1e-12)
    assert values["light_yield_PE_per_keVee"] * values["smearing_a_keVee_per_PE"] == pytest.approx(1, rel=1e-3)
    expected = {
        "mass_kg": 14.6,
        "baseline_m": 19.3,
        "exposure_POT": 3.198e23,
        "neutrinos_per_proton_and_flavour": 0.0848,
        "smearing_b_per_keVee": 9.56,
        "steady_state_decay_per_us": 0.0494,
        "steady_state_events": 1286,
        "steady_state_relative_uncertainty": 0.021,
        "brn_relative_uncertainty": 0.25,
        "nin_relative_uncertainty": 0.357,
        "signal_relative_uncertainty": 0.1146,
        "flux_relative_uncertainty": 0.10,
        "radius_rms_Cs133_fm": 5.104,
        "radius_rms_I127_fm": 5.050,
        "proton_pulse_mean_us": 0.44,
        "proton_pulse_mean_uncertainty_us": 0.20,
        "proton_pulse_sigma_us": 0.15,
    }
    assert {name: values[name] for name in expected} == expected
    assert values["neutron_arrival_offset_us"].tolist() == [0, 0.1]
    quadrature = np.sqrt(values["flux_relative_uncertainty"] ** 2 + 0.041**2 + 0.038**2)
    assert values["signal_relative_uncertainty"] == pytest.approx(quadrature, abs=1e-4)


def test_lar_bins():
    table = read_table("coherent_lar/bins.csv")
    axes = np.meshgrid(10 * np.arange(12), 0.5 + 0.05 * np.arange(8), -0.1 + 0.5 * np.arange(10), indexing="ij")
    for name, axis in zip(("energy_low_keVee", "f90_low", "time_low_us"), axes, strict=True):
        np.testing.assert_allclose(table[name], axis.ravel(), atol=1e-9)
    totals = {"observed_counts": 3752, "cevns": 128, "prompt_brn": 497, "delayed_brn": 33, "steady_state": 3152}
    totals |= {"prompt_brn_time_mean_plus": 523.671}
    for name in set(table.columns) - {"energy_low_keVee", "f90_low", "time_low_us"}:
        expected = totals.get(name, 497 if "brn" in name else 128)
        assert table[name].sum() == pytest.approx(expected, abs=1e-3), name

    def mean(name, axis):
        return np.average(table[axis], weights=table[name])

    for axis, source, kind in [
        ("f90_low", "cevns", "f90"),
        ("energy_low_keVee", "prompt_brn", "energy"),
        ("time_low_us", "prompt_brn", "time_mean"),
    ]:
        assert mean(f"{source}_{kind}_minus", axis) < mean(source, axis) < mean(f"{source}_{kind}_plus", axis)
    assert mean("cevns_time_mean", "time_low_us") > mean("cevns", "time_low_us")
    # the release's one-dimensional figure in energy (energydata1d.txt) shows the template at the fitted 159 events
    projection = table["cevns"].reshape(12, 80).sum(axis=1) * 159 / 128
    np.testing.assert_allclose(projection[:3], [98.071, 46.0685, 12.3225], rtol=5e-3)


def test_lar_efficiency_and_parameters():
    table, values = read_table("coherent_lar/efficiency.csv"), read_values("coherent_lar/parameters.json")
    recoil = table["recoil_energy_keVnr"]
    quenched = recoil * (values["quenching_a"] + values["quenching_b_per_keVnr"] * recoil)
    np.testing.assert_allclose(table["energy_keVee"], quenched, rtol=2e-3)
    assert table["efficiency"][0] == 0
    assert table["efficiency"].max() == pytest.approx(0.963477, abs=1e-6)
    expected = {
        "mass_kg": 24.4,
        "baseline_m": 27.5,
        "exposure_POT": 13.8e22,
        "neutrinos_per_proton_and_flavour": 0.09,
        "quenching_a": 0.246,
        "quenching_b_per_keVnr": 7.8e-4,
        "resolution_sqrt_keVee": 0.58,
        "proton_pulse_mean_us": 0.44,
        "proton_pulse_sigma_us": 0.15,
        "cevns_events": 128,
        "prompt_brn_events": 497,
        "prompt_brn_events_uncertainty": 160,
        "delayed_brn_events": 33,
        "steady_state_events": 3154,
        "steady_state_template_events": 3152,
        "cevns_fit_events": 159,
    }
    assert {name: values[name] for name in expected} == expected


def test_csi_2017():
    table = read_table("coherent_csi_2017/counts.csv")
    pe, time = table["photoelectrons_low_PE"], table["time_low_us"]
    window = (pe >= 6) & (pe < 30) & (time < 6)
    assert window.sum() == 144
    totals = {"coincidence_beam_on": (547, 1207), "anticoincidence_beam_on": (405, 1032)}
    totals |= {"coincidence_beam_off": (209, 507), "anticoincidence_beam_off": (207, 507)}
    for sample, expected in totals.items():
        counts = table[f"{sample}_counts"]
        assert (counts[window].sum(), counts.sum()) == expected
    times = read_table("coherent_csi_2017/arrival_times.csv")
    np.testing.assert_allclose(times["time_low_us"], 0.5 * np.arange(24))
    for kind in ("prompt_neutrino", "delayed_neutrino", "prompt_neutron"):
        assert times[f"{kind}_fraction"].sum() == pytest.approx(1, abs=1e-9)
    # the muon decays with 2.197 us: the ratio of neighbouring bins, far from the pulse
    late = times["delayed_neutrino_fraction"][6:]
    np.testing.assert_allclose(late[1:] / late[:-1], np.exp(-0.5 / 2.197), rtol=0.01)
    neutrons = read_table("coherent_csi_2017/prompt_neutrons.csv")
    centre = neutrons["photoelectrons_low_PE"] + 0.5
    values = read_values("coherent_csi_2017/parameters.json")
    a, k, x0 = values["acceptance_coefficients_PE"]
    acceptance = a / (1 + np.exp(-k * (centre - x0))) * ((centre > 6) + 0.5 * ((centre > 5) & (centre < 6)))
    counts = neutrons["prompt_neutron_counts"]
    assert counts.sum() == pytest.approx(29.8686, abs=1e-4)
    assert (counts * acceptance)[6:30].sum() == pytest.approx(5.42, abs=0.005)
    expected = {"exposure_GWh": 7.47594, "baseline_m": 19.3, "quenching": 0.0878, "quenching_uncertainty": 0.0166}
    expected |= {"light_yield_PE_per_keVee": 13.348, "neutrinos_per_proton_and_flavour": 0.08}
    expected |= {
        "neutrinos_per_proton_and_flavour_uncertainty": 0.008,
        "prompt_neutron_normalisation_uncertainty": 0.25,
    }
    assert {name: values[name] for name in expected} == expected


def test_dresden_ii():
    table = read_table("dresden_ii/spectrum.csv")
    low, rate = table["energy_low_keVee"], table["on_rate_per_day"]
    np.testing.assert_allclose(low, 0.2 + 0.01 * np.arange(130))
    assert rate.sum() == pytest.approx(5106.253, abs=1e-3)
    assert table["off_rate_per_day"].sum() == pytest.approx(4055.279, abs=1e-3)
    assert np.all(table["on_rate_error_per_day"] > 0)
    values = read_values("dresden_ii/parameters.json")
    peak = low[np.argmax(np.where(low > 1, rate, 0))]
    assert peak + 0.005 == pytest.approx(values["line_L1_keVee"], abs=0.015)
    quenching = read_table("dresden_ii/quenching.csv")
    np.testing.assert_allclose(quenching["recoil_energy_keVnr"], 0.01 * np.arange(451), atol=1e-12)
    assert (quenching["iron_filter_quenching"][0], quenching["photoneutron_quenching"][0]) == (0.4361, 0.37738)
    # number of fissions per second from the thermal power, 205 MeV each
    fissions = values["thermal_power_GW"] * 1e9 / (205 * 1.602176634e-13)
    flux = fissions * values["neutrinos_per_fission"] / (4 * np.pi * (100 * values["baseline_m"]) ** 2)
    assert flux == pytest.approx(values["flux_per_cm2_s"], rel=0.01)


def test_xenonnt():
    bins, values = read_table("xenonnt_8b/bins.csv"), read_values("xenonnt_8b/parameters.json")
    index = [bins[f"{axis}_index"] for axis in ("cs2", "s2_shadow", "s1_bdt", "s2_bdt")]
    np.testing.assert_array_equal(bins["bin"], np.arange(81))
    np.testing.assert_array_equal(bins["bin"], np.array([27, 9, 3, 1]) @ np.array(index))
    backgrounds = {"accidental_coincidence": (7.48, 17.77, 14.86)}
    backgrounds |= {"electronic_recoil": (0.13, 0.55, 0.52), "neutron": (0.17, 0.41, 0.17)}
    total = 0.0
    for run, events in enumerate((9, 28, 25)):
        assert bins[f"sr{run}_observed_counts"].sum() == events
        for kind, expected in backgrounds.items():
            background = bins[f"sr{run}_{kind}_per_t_y"].sum() * values[f"sr{run}_exposure_t_y"]
            assert background == pytest.approx(expected[run], abs=0.005)
            total += background * (run < 2)
    assert total == pytest.approx(26.5, abs=0.005)
    table = read_table("xenonnt_8b/efficiency.csv")
    np.testing.assert_allclose(table["recoil_energy_keVnr"].reshape(46, 81)[:, 0], 0.5 + 0.1 * np.arange(46))
    np.testing.assert_array_equal(table["bin"].reshape(46, 81), np.tile(np.arange(81), (46, 1)))
    for run, at_1_keV in enumerate((0.00731688, 0.00676542, 0.00514810)):
        efficiency = table[f"sr{run}_efficiency"].reshape(46, 81).sum(axis=1)
        assert efficiency[5] == pytest.approx(at_1_keV, rel=1e-5)
        assert np.all(np.diff(efficiency[:21]) > 0)


def test_nuclides():
    table = read_table("nuclides.csv", text_columns=["name"])
    protons, nucleons, mass = table["proton_number"], table["mass_number"], table["atomic_mass_u"]
    names = table["name"].tolist()
    assert len(set(names)) == len(names)
    assert [int(re.sub(r"\D", "", name)) for name in names] == nucleons.tolist()
    assert np.all(np.abs(mass / nucleons - 1) < 0.01)
    abundance = table["abundance"]
    assert np.all((abundance >= 0) & (abundance <= 1))
    assert np.unique(protons).tolist() == list(range(1, 93))
    for number in range(1, 93):
        # technetium, promethium and those from polonium to actinium are not found in nature
        total = 0.0 if number in (43, 61) or 84 <= number <= 89 else 1.0
        assert abundance[protons == number].sum() == pytest.approx(total, abs=1e-9)
    reference = {"C12": 12.0, "Na23": 22.989769282, "Ar40": 39.962383124, "I127": 126.904473, "Cs133": 132.90545196}
    for name, mass_u in reference.items():
        assert mass[names.index(name)] == pytest.approx(mass_u, abs=1e-8)
    assert abundance[names.index("Ge74")] == pytest.approx(0.3652, abs=1e-6)
