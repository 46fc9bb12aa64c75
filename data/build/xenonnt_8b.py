"""Write the XENONnT solar boron-8 tables from a copy of the public release.

Usage: python data/build/xenonnt_8b.py RELEASE_DIR [--out DIR]. Needs the PyPI package pyyaml.
"""

import h5py
import numpy as np
import yaml  # pyright: ignore[reportMissingModuleSource]
from writing import release_and_out, write_table, write_values

MADE_BY = "data/build/xenonnt_8b.py"
RELEASE = "github.com/XENONnT/cevns_data_release (60d230d), doi 10.5281/zenodo.20576156"
PAPERS = "arXiv:2604.06002, PRL 133, 191002 and PRL 134, 111802"
LICENCE = "CC-BY-4.0, XENON collaboration; changed here: binned, selected and rounded; cite the release and its papers"
AXES = {  # name in the release: name here
    "cs2": "cs2",
    "s2_shadow_s2_time_shadow_quantile": "s2_shadow",
    "s1_bdt_score": "s1_bdt",
    "s2_bdt_score": "s2_bdt",
}
EXPOSURE = {"sr0": 1.174398, "sr1": 2.342593, "sr2": 3.249665}
EVENTS = {"sr0": 9, "sr1": 28, "sr2": 25}
KINDS = {"ac": "accidental_coincidence", "er": "electronic_recoil", "rg": "neutron"}
NOMINAL = "_tly_0.0_tqy_0.0"
EXPECTED = {  # background events of a run
    ("sr0", "ac"): 7.48, ("sr1", "ac"): 17.77, ("sr2", "ac"): 14.86,
    ("sr0", "er"): 0.13, ("sr1", "er"): 0.55, ("sr2", "er"): 0.52,
    ("sr0", "rg"): 0.17, ("sr1", "rg"): 0.41, ("sr2", "rg"): 0.17,
}  # fmt: skip
STATISTICAL_MODEL = (
    "github.com/XENONnT/light_wimp_data_release (172ccc2), test_statistical_model_original.yaml: statistical model of "
    "the search for light dark matter in SR0 and SR1 (arXiv:2409.17868)"
)
UNCERTAINTIES = {  # relative, of the norm: (value, key in the statistical model)
    "sr0_accidental_coincidence": (0.0904, "ac_sr0_rate_multiplier"),
    "sr1_accidental_coincidence": (0.0576, "ac_sr1_rate_multiplier"),
    "electronic_recoil": (1.0, "er_rate_multiplier, common to the runs"),
    "neutron": (0.58, "nr_rate_multiplier, common to the runs"),
    "signal_efficiency": (0.25, "signal_efficiency, common to the runs; light and charge yields are apart from it"),
}
ENERGIES = np.round(0.5 + 0.1 * np.arange(46), 1)


def binning(release, run):
    edges = yaml.safe_load((release / "binning" / f"{run}.yaml").read_text(encoding="utf-8"))
    assert list(edges) == list(AXES), f"{run}: other axes than expected"
    return list(edges.values())


def dataset(file, name):
    data = file[name]
    assert isinstance(data, h5py.Dataset), f"{name} is no data set"
    return np.asarray(data[()]), str(data.attrs.get("name"))


def template(release, run, kind, name, edges):
    with h5py.File(release / "templates" / run / kind / f"template_XENONnT_{run}_{name}.h5") as file:
        # the templates name their second axis without "quantile", and hold the edges with more digits
        for axis, expected in enumerate(edges):
            found, label = dataset(file, f"bins/{axis}")
            assert list(AXES)[axis].startswith(label), f"{run} {name}: axis {axis} is {label}"
            assert np.allclose(found, expected, rtol=0, atol=1e-11), f"{run} {name}: other edges in axis {axis}"
        values, _ = dataset(file, "templates/template")
    assert values.shape == (3, 3, 3, 3)
    assert values.min() > 0
    return values.ravel()


def write_bins(release, out, edges):
    columns = {}
    for run, total in EVENTS.items():
        path = release / "data" / f"{run}.csv"
        assert path.read_text().splitlines()[0].split(",")[1:] == list(AXES), f"{path.name}: other columns"
        events = np.loadtxt(path, delimiter=",", skiprows=1)[:, 1:]
        for values, axis in zip(events.T, edges[run], strict=True):
            assert not np.isin(values, axis).any(), f"{path.name}: an event on an edge"
        columns[f"{run}_observed_counts"] = np.histogramdd(events, edges[run])[0].ravel()
        assert columns[f"{run}_observed_counts"].sum() == len(events) == total
    background = 0.0
    for kind, name in KINDS.items():
        for run, exposure in EXPOSURE.items():
            values = template(release, run, kind, f"{kind}_cevns{NOMINAL if kind == 'rg' else ''}", edges[run])
            print(f"{run} {name}: {exposure * values.sum():.4f} events")
            assert abs(exposure * values.sum() - EXPECTED[run, kind]) < 0.005
            background += exposure * values.sum() * (run != "sr2")
            columns[f"{run}_{name}_per_t_y"] = values
    print(f"background in SR0 and SR1: {background:.4f} events")
    assert abs(background - 26.5) < 0.05
    header = {
        "title": "XENONnT solar 8B search, observed events and background templates in the 81 bins of each science run",
        "source": f"{RELEASE}; papers {PAPERS}",
        "licence": LICENCE,
        "bins": "3 x 3 x 3 x 3 bins in corrected S2 (cs2), quantile of S2_pre/dt_pre (s2_shadow), S1 BDT score and S2 "
        "BDT score; bin = 27 cs2 + 9 s2_shadow + 3 s1_bdt + s2_bdt with the index 0, 1, 2 on each axis in this "
        "order (that of the templates), the last axis fastest; edges of each run in parameters.json",
        "observed_counts": "events of data/sr*.csv in the half-open bins: 9 (sr0), 28 (sr1), 25 (sr2)",
        "backgrounds": "events per tonne and year at nominal light and charge yields: accidental coincidences (ac), "
        "electronic recoils (er), radiogenic neutrons (rg)",
    }
    index = np.indices((3, 3, 3, 3)).reshape(4, 81)
    names = ["bin", *(f"{axis}_index" for axis in AXES.values()), *columns]
    rows = list(zip(range(81), *index, *columns.values(), strict=True))
    write_table(out / "bins.csv", header, names, rows, MADE_BY, digits=6)


def write_efficiency(release, out, edges):
    efficiency = {
        run: [template(release, run, "mono", f"mono_{e:.3f}_cevns{NOMINAL}", edges[run]) for e in ENERGIES]
        for run in EVENTS
    }
    assert all(np.sum(values, axis=1).max() < 0.2 for values in efficiency.values())
    header = {
        "title": "XENONnT solar 8B search, detection efficiency of mono-energetic nuclear recoils in the 81 bins",
        "source": f"{RELEASE}, templates/sr*/mono at nominal light and charge yields; papers {PAPERS}",
        "licence": LICENCE,
        "efficiency": "probability that a nuclear recoil of this energy is reconstructed in this bin; nothing is "
        "released below 0.5 and above 5 keVnr; six significant digits",
        "bin": "as in bins.csv; none is zero throughout, all 46 x 81 rows are listed, bin fastest",
    }
    columns = ["recoil_energy_keVnr", "bin", *(f"{run}_efficiency" for run in EVENTS)]
    runs = [np.ravel(values) for values in efficiency.values()]
    rows = list(zip(np.repeat(ENERGIES, 81), np.tile(np.arange(81), 46), *runs, strict=True))
    write_table(out / "efficiency.csv", header, columns, rows, MADE_BY, digits=6)


def write_parameters(out, edges):
    entries = {}
    for run, exposure in EXPOSURE.items():
        text = f"{RELEASE}, plot.ipynb, which calls it livetime; it multiplies templates per tonne and year"
        entries[f"{run}_exposure_t_y"] = (exposure, "t y", text)
        for axis, values in zip(AXES.values(), edges[run], strict=True):
            text, unit = f"{RELEASE}, binning/{run}.yaml", "1"
            if axis == "cs2":
                text, unit = f"{text}; unit recalled from the papers, not stated in the release", "PE"
            entries[f"{run}_{axis}_edges{'_PE' if axis == 'cs2' else ''}"] = (values, unit, text)
    for name, (value, key) in UNCERTAINTIES.items():
        entries[f"{name}_relative_uncertainty"] = (value, "1", f"{STATISTICAL_MODEL}, {key}")
    entries["sr2_accidental_coincidence_relative_uncertainty"] = (
        UNCERTAINTIES["sr1_accidental_coincidence"][0],
        "1",
        "chosen: that of SR1; no source for SR2 is in the public copies",
    )
    title = "XENONnT solar 8B search, exposures, bin edges and uncertainties"
    write_values(out / "parameters.json", title, f"{RELEASE}, {LICENCE}; papers {PAPERS}", entries, MADE_BY)


def main():
    release, out = release_and_out(__doc__, "xenonnt_8b")
    edges = {run: binning(release, run) for run in EVENTS}
    write_bins(release, out, edges)
    write_efficiency(release, out, edges)
    write_parameters(out, edges)


if __name__ == "__main__":
    main()
