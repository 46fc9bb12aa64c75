"""Write the COHERENT CsI[Na] 2017 tables from a copy of the public release.

Usage: python data/build/coherent_csi_2017.py RELEASE_DIR [--out DIR]. Needs the PyPI package pyyaml.
RELEASE_DIR also holds gehrlein_7stats/total_neutron.dat, from `datafiles_in` of github.com/JuliaGehrlein/7stats.
"""

import numpy as np
import yaml  # pyright: ignore[reportMissingModuleSource]
from writing import release_and_out, write_table, write_values

MADE_BY = "data/build/coherent_csi_2017.py"
PAPER = "arXiv:1708.01294 (Science 357, 1123)"
RELEASE = "data release arXiv:1804.09459"
CONFIG = "coherent_parameters.yaml"
SEVEN_STATS = "github.com/JuliaGehrlein/7stats (2f0a475), the code of arXiv:2008.06062"
TIMES = 0.5 * np.arange(24)
WINDOW = {  # 6 <= PE < 30 and t < 6 us
    "coincidence_beam_on": 547,
    "anticoincidence_beam_on": 405,
    "coincidence_beam_off": 209,
    "anticoincidence_beam_off": 207,
}
TIME_BINS = {"time_bin_width_us": 0.5, "time_first_edge_us": 0, "time_last_edge_us": 12}


def write_counts(release, out):
    pe, time = (axis.ravel() for axis in np.meshgrid(2 * np.arange(25), TIMES, indexing="ij"))
    window = (pe >= 6) & (pe < 30) & (time < 6)
    counts = {}
    for sample, expected in WINDOW.items():
        coincidence, state = sample.split("_beam_")
        table = np.loadtxt(release / f"data_{coincidence}_beam{state.title()}.txt", delimiter=",")
        assert np.allclose(table[:, :2], np.stack([pe + 1, time + 0.25], axis=1)), f"{sample}: other bins than expected"
        counts[sample] = table[:, 2].astype(int)
        assert np.array_equal(counts[sample], table[:, 2]), f"{sample}: counts are whole numbers"
        assert counts[sample][window].sum() == expected, f"{sample}: {expected} events expected in the window"
    header = {
        "title": "COHERENT CsI[Na] 2017 events of the four samples, in photoelectrons and time",
        "source": f"{RELEASE}, data_*_beam*.txt, low bin edges instead of centres",
        "bins": "half-open [low, low + width), all 25 x 24 bins are listed, time fastest",
        "photoelectrons_bin_width_PE": 2,
        "photoelectrons_first_edge_PE": 0,
        "photoelectrons_last_edge_PE": 50,
        **TIME_BINS,
        "totals": ", ".join(f"{sample} {column.sum()}" for sample, column in counts.items()),
        "totals_from_6_to_30_PE_below_6_us": ", ".join(f"{sample} {n}" for sample, n in WINDOW.items()),
    }
    columns = ["photoelectrons_low_PE", "time_low_us", *(f"{sample}_counts" for sample in counts)]
    write_table(out / "counts.csv", header, columns, list(zip(pe, time, *counts.values(), strict=True)), MADE_BY)


def write_times(release, out):
    fractions = {}
    for name in ("promptNeutrinos", "delayedNeutrinos", "promptNeutrons"):
        table = np.loadtxt(release / f"arrivalTimePDF_{name}.txt", delimiter=",")
        assert np.allclose(table[:, 0], TIMES + 0.25), f"{name}: other bins than expected"
        assert abs(table[:, 1].sum() - 1) < 1e-9, f"{name}: unit sum expected"
        fractions[name] = table[:, 1]
    header = {
        "title": "COHERENT CsI[Na] 2017 arrival times of neutrinos and prompt neutrons",
        "source": f"{RELEASE}, arrivalTimePDF_*.txt, low bin edges instead of centres",
        "normalisation": "fractions that add up to 1 over 12 us; 0.91479 of the delayed neutrinos arrive below 6 us",
        **TIME_BINS,
    }
    columns = ["time_low_us", "prompt_neutrino_fraction", "delayed_neutrino_fraction", "prompt_neutron_fraction"]
    write_table(out / "arrival_times.csv", header, columns, list(zip(TIMES, *fractions.values(), strict=True)), MADE_BY)
    return fractions["promptNeutrons"]


def write_neutrons(release, out, time_fractions):
    table = np.loadtxt(release / "gehrlein_7stats" / "total_neutron.dat").reshape(24, 50, 3)
    low = np.arange(50)
    assert np.allclose(table[:, :, 0], (TIMES + 0.25)[:, None])
    assert np.allclose(table[:, :, 1], low)
    counts = table[:, :, 2].sum(axis=0)
    # the table is an outer product, so that its 50 sums over time hold all of it
    assert np.allclose(table[:, :, 2], time_fractions[:, None] * counts, rtol=1e-12, atol=0), "no outer product"
    assert abs(counts.sum() - 29.8686) < 1e-4
    header = {
        "title": "COHERENT CsI[Na] 2017 photoelectrons of prompt neutrons",
        "source": f"table total_neutron.dat of {SEVEN_STATS}, which seems to have derived it from promptPDF.txt of "
        f"{RELEASE}; that file itself is not in the public copies",
        "normalisation": "counts per 1 PE bin, all times, taken as the whole exposure since that code scales them no "
        "further; the sum is 29.8686 (3.9953 per GWh)",
        "time": "the source has counts in photoelectrons and time: exactly these counts times prompt_neutron_fraction "
        "of arrival_times.csv (checked by the script)",
        "efficiency": "the acceptance is NOT applied (that code applies it afterwards)",
        "photoelectrons_bin_width_PE": 1,
        "photoelectrons_first_edge_PE": 0,
        "photoelectrons_last_edge_PE": 50,
    }
    rows = list(zip(low, counts, strict=True))
    write_table(out / "prompt_neutrons.csv", header, ["photoelectrons_low_PE", "prompt_neutron_counts"], rows, MADE_BY)


def write_parameters(release, out):
    config = yaml.safe_load((release / CONFIG).read_text(encoding="utf-8"))

    def source(key, note=""):
        return f"{RELEASE}, {CONFIG}, {key}{note}"

    entries: dict[str, tuple[float | list[float], str, str]] = {
        "mass_kg": (14.6, "kg", f"{PAPER}, recalled, not checked against the paper")
    }
    pairs = {  # name: (key, unit, whether it has an uncertainty)
        "baseline_m": ("distanceToTarget", "m", False),
        "exposure_GWh": ("beamExposure", "GWh", False),
        "neutrinos_per_proton_and_flavour": ("neutrinosPerProton", "1", True),
        "quenching": ("csiQF", "1", True),
        "light_yield_PE_per_keVee": ("csiLightYield", "PE/keVee", True),
        "prompt_neutron_normalisation": ("promptNeutronNormalization", "1", True),
    }
    for name, (key, unit, uncertain) in pairs.items():
        entries[name] = (float(config[key]["value"]), unit, source(key))
        if uncertain:
            stem, dimension, end = name.partition("_PE_")
            entries[f"{stem}_uncertainty{dimension}{end}"] = (float(config[key]["uncertainty"]), unit, source(key))
    acceptance = config["acceptanceEfficiency"]["parameters"]
    assert [entry["name"] for entry in acceptance] == ["a", "k", "x_0"]
    form = ": a/(1 + exp(-k (PE - x0))), times 0 below 5 PE and times 1/2 from 5 to 6 PE, at the centres of 1 PE bins"
    for name, field in (("", "value"), ("_error_up", "error_hi"), ("_error_down", "error_lo")):
        entries[f"acceptance_coefficients{name}_PE"] = (
            [float(entry[field]) for entry in acceptance],
            "1, 1/PE, PE",
            source("acceptanceEfficiency", form),
        )
    recalled = f"systematic uncertainties of the fit of {PAPER}, recalled, not checked against the paper"
    entries["signal_relative_uncertainty"] = (0.28, "1", f"{recalled}; 25 % quenching, 10 % flux, 5 % form factor, 5 % "
        "acceptance in quadrature; the same number in 7stats")  # fmt: skip
    title = "COHERENT CsI[Na] 2017 detector response, exposure and uncertainties"
    write_values(out / "parameters.json", title, f"{RELEASE} of {PAPER}", entries, MADE_BY)


def main():
    release, out = release_and_out(__doc__, "coherent_csi_2017")
    write_counts(release, out)
    write_neutrons(release, out, write_times(release, out))
    write_parameters(release, out)


if __name__ == "__main__":
    main()
