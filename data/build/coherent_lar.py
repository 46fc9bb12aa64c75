"""Write the COHERENT CENNS-10 (liquid argon, analysis A) tables from a copy of the public release.

Usage: python data/build/coherent_lar.py RELEASE_DIR [--out DIR]. Needs the PyPI package pyyaml.
"""

import numpy as np
import yaml  # pyright: ignore[reportMissingModuleSource]
from writing import release_and_out, write_table, write_values

MADE_BY = "data/build/coherent_lar.py"
PAPER = "arXiv:2003.10630 (PRL 126, 012002)"
RELEASE = "data release arXiv:2006.12659 (doi 10.5281/zenodo.3903810), analysis A"
CONFIG = "LArParametersAnlA.yaml"
CENTRES = (5 + 10 * np.arange(12), 0.525 + 0.05 * np.arange(8), 0.15 + 0.5 * np.arange(10))
FILES = {  # column: (file, sum of all bins)
    "observed_counts": ("datanobkgsub", 3752),
    "cevns": ("cevnspdf", 128),
    "prompt_brn": ("brnpdf", 497),
    "delayed_brn": ("delbrnpdf", 33),
    "steady_state": ("bkgpdf", 3152),
    "cevns_f90_plus": ("cevnspdf+1sigF90", 128),
    "cevns_f90_minus": ("cevnspdf-1sigF90", 128),
    "cevns_time_mean": ("cevnspdfCEvNSTimingMeanSyst", 128),
    "prompt_brn_energy_plus": ("brnpdf+1sigEnergy", 497),
    "prompt_brn_energy_minus": ("brnpdf-1sigEnergy", 497),
    "prompt_brn_time_mean_plus": ("brnpdf+1sigBRNTimingMean", 523.671),
    "prompt_brn_time_mean_minus": ("brnpdf-1sigBRNTimingMean", 497),
    "prompt_brn_time_width": ("brnpdfBRNTimingWidthSyst", 497),
}


def read(path, total):
    """The counts of one file, after checking its bins and its sum."""
    table = np.loadtxt(path)
    grid = np.stack(np.meshgrid(*CENTRES, indexing="ij"), axis=-1).reshape(-1, 3)
    assert np.allclose(table[:, :3], grid, rtol=0, atol=1e-9), f"{path.name}: other bins than expected"
    assert abs(table[:, 3].sum() - total) < 1e-3, f"{path.name}: sum {table[:, 3].sum()}, {total} expected"
    assert table[:, 3].min() >= 0, f"{path.name}: negative counts"
    return table[:, 3]


def write_bins(release, out):
    counts = [read(release / f"{name}.txt", total) for name, total in FILES.values()]
    low = np.meshgrid(
        10 * np.arange(12),
        np.round(0.5 + 0.05 * np.arange(8), 2),
        np.round(-0.1 + 0.5 * np.arange(10), 1),
        indexing="ij",
    )
    header = {
        "title": "COHERENT CENNS-10 liquid argon (analysis A) observed counts, templates and their shape variations",
        "source": f"{RELEASE}, files *pdf*.txt and datanobkgsub.txt, low bin edges instead of centres",
        "bins": "half-open [low, low + width) in reconstructed energy, F90 (fraction of the light in the first 90 ns) "
        "and time; all 12 x 8 x 10 bins are listed, time fastest",
        "energy_bin_width_keVee": 10,
        "energy_first_edge_keVee": 0,
        "energy_last_edge_keVee": 120,
        "f90_bin_width": 0.05,
        "f90_first_edge": 0.5,
        "f90_last_edge": 0.9,
        "time_bin_width_us": 0.5,
        "time_first_edge_us": -0.1,
        "time_last_edge_us": 4.9,
        "observed_counts_total": 3752,
        "templates": "expected counts of the prior prediction: cevns 128, prompt_brn 497 and delayed_brn 33 "
        "(beam-related neutrons), steady_state 3152 (beam off, flat in time)",
        "variations": "the template with one nuisance at plus or minus one sigma; cevns_time_mean (later) and "
        "prompt_brn_time_width (narrower) exist on one side only; sums as the nominal template but "
        "prompt_brn_time_mean_plus, 523.671 in the release: normalise before use",
    }
    columns = ["energy_low_keVee", "f90_low", "time_low_us", *FILES]
    rows = list(zip(*(axis.ravel() for axis in low), *counts, strict=True))
    write_table(out / "bins.csv", header, columns, rows, MADE_BY)


def write_efficiency(release, out):
    table = np.loadtxt(release / "CENNS10AnlAEfficiency.txt")
    energy, recoil, efficiency = table.T
    assert np.allclose(energy, 0.25 + 0.5 * np.arange(80), rtol=0, atol=1e-9), (
        "bin centres 0.25 to 39.75 keVee expected"
    )
    # the two energies follow the quenching factor, with a slope of 7.84e-4, rounded to 7.8e-4 in the yaml
    assert np.allclose(recoil * (0.246 + 7.84e-4 * recoil), energy, rtol=1e-4), "other quenching factor than expected"
    assert np.all((efficiency >= 0) & (efficiency < 1))
    header = {
        "title": "COHERENT CENNS-10 liquid argon (analysis A) detection efficiency",
        "source": f"{RELEASE}, CENNS10AnlAEfficiency.txt",
        "energy_keVee": "centres of 0.5 keVee bins from 0 to 40 keVee; nothing is released above",
        "recoil_energy_keVnr": "the same energy as a nuclear recoil, quenching 0.246 + 7.84e-4 T (rounded to 7.8e-4 in "
        "the release's list of parameters)",
    }
    columns = ["energy_keVee", "recoil_energy_keVnr", "efficiency"]
    write_table(out / "efficiency.csv", header, columns, table.tolist(), MADE_BY)


def write_parameters(release, out):
    config = yaml.safe_load((release / CONFIG).read_text(encoding="utf-8"))

    def source(key, note=""):
        return f"{RELEASE}, {CONFIG}, {key}{note}"

    def number(key, field="value", scale=1.0):
        return round(float(config[key][field]) * scale, 12)

    quenching = config["larQF"]["parameters"]
    pulse = config["snsPOTTraceTiming"]["parameters"]
    form = ": the quenching factor is a + b T, T the recoil energy in keVnr"
    in_time = ": protons on target in time are a Gaussian"
    entries = {
        "mass_kg": (number("fiducialMass"), "kg", source("fiducialMass")),
        "mass_uncertainty_kg": (number("fiducialMass", "uncertainty"), "kg", source("fiducialMass")),
        "baseline_m": (number("distanceToTarget"), "m", source("distanceToTarget")),
        "exposure_POT": (float(f"{config['beamExposure']['value']}e22"), "protons on target", source("beamExposure")),
        "exposure_GWh": (6.12, "GWh", source("beamExposure", ", its comment")),
        "neutrinos_per_proton_and_flavour": (number("neutrinosPerProton"), "1", source("neutrinosPerProton")),
        "neutrinos_per_proton_and_flavour_uncertainty": (
            number("neutrinosPerProton", "uncertainty"), "1", source("neutrinosPerProton")),
        "quenching_a": (quenching[0]["value"], "1", source("larQF", form)),
        "quenching_a_uncertainty": (quenching[0]["uncertainty"], "1", source("larQF")),
        "quenching_b_per_keVnr": (quenching[1]["value"], "1/keVnr", source("larQF", form)),
        "quenching_b_uncertainty_per_keVnr": (quenching[1]["uncertainty"], "1/keVnr", source("larQF")),
        "resolution_sqrt_keVee": (
            config["energyResolution"]["parameters"][0]["value"],
            "sqrt(keVee)",
            source("energyResolution", ": sigma/E = a/sqrt(E), E the reconstructed energy in keVee"),
        ),
        "proton_pulse_mean_us": (pulse[0]["value"] / 1000, "us", source("snsPOTTraceTiming", in_time)),
        "proton_pulse_mean_uncertainty_us": (pulse[0]["uncertainty"] / 1000, "us", source("snsPOTTraceTiming")),
        "proton_pulse_sigma_us": (
            pulse[1]["value"] / 1000, "us", source("snsPOTTraceTiming", in_time + "; uncertainty negligible")),
    }  # fmt: skip
    norms = {
        "cevns": "cevns",
        "prompt_brn": "promptBeamRelatedNeutron",
        "delayed_brn": "delayedBeamRelatedNeutron",
        "steady_state": "ssBackground",
    }
    for name, key in norms.items():
        prior, fit = f"{key}PredictionNormalization", f"{key}BestfitNormalization"
        note = "; the release's template adds up to 3152" if name == "steady_state" else ""
        entries[f"{name}_events"] = (number(prior), "1", source(prior, note))
        entries[f"{name}_events_uncertainty"] = (number(prior, "uncertainty"), "1", source(prior))
        if name == "steady_state":
            text = f"{RELEASE}, sum of bkgpdf.txt; {CONFIG} says 3154"
            entries["steady_state_template_events"] = (3152.0, "1", text)
        error = "uncertainty_stat" if name == "cevns" else "uncertainty"
        entries[f"{name}_fit_events"] = (number(fit), "1", source(fit, ", the published fit, not an input"))
        entries[f"{name}_fit_events_uncertainty"] = (number(fit, error), "1", source(fit))
    title = "COHERENT CENNS-10 liquid argon (analysis A) detector, exposure, normalisations and uncertainties"
    write_values(out / "parameters.json", title, f"{RELEASE} of {PAPER}", entries, MADE_BY)


def main():
    release, out = release_and_out(__doc__, "coherent_lar")
    write_bins(release, out)
    write_efficiency(release, out)
    write_parameters(release, out)


if __name__ == "__main__":
    main()
