"""Write the COHERENT CsI[Na] 2021 tables from a copy of the paper's ancillary release.

Usage: python data/build/coherent_csi_2021.py RELEASE_DIR [--out DIR]
"""

import json
from decimal import Decimal

import numpy as np
from writing import release_and_out, write_table, write_values

MADE_BY = "data/build/coherent_csi_2021.py"
PAPER = "arXiv:2110.07730 (PRL 129, 081801)"
RELEASE = f"ancillary release of {PAPER}"
NEWTRINOS = "github.com/philippeller/Newtrinos.jl"
NOTES = f"{PAPER}, as public analyses of the release have it (not checked against the paper's text)"
COHERENT_CODE = "github.com/BarbeauGroup/chi2_pull_test (COHERENT members)"
PE_EDGES = 250
TIME_WIDTH_US = 0.125
TIME_BINS = 48
WINDOW = {"coincidence": 1578, "anticoincidence": 1295}


def histogram(path):
    events = np.loadtxt(path)
    announced = int(path.read_text().splitlines()[0].split(":")[1])
    assert len(events) == announced, f"{path.name}: {len(events)} events, its header says {announced}"
    # half-open bins; 0.125 is a power of two, so that the division and the floor are exact
    pe, time = np.floor(events[:, 0]).astype(int), np.floor(events[:, 1] / TIME_WIDTH_US).astype(int)
    assert min(pe.min(), time.min()) >= 0, f"{path.name}: an event below 0"
    assert pe.max() < PE_EDGES, f"{path.name}: an event at or above {PE_EDGES} PE"
    assert time.max() < TIME_BINS, f"{path.name}: an event at or above 6 us"
    counts = np.zeros((PE_EDGES, TIME_BINS), dtype=int)
    np.add.at(counts, (pe, time), 1)
    assert counts.sum() == announced
    return counts


def write_events(release, out):
    counts = {
        "coincidence": histogram(release / "dataBeamOnC.txt"),
        "anticoincidence": histogram(release / "dataBeamOnAC.txt"),
    }
    totals = {name: int(array[:60].sum()) for name, array in counts.items()}
    print(f"events with PE < 60 and t < 6 us: {totals}")
    assert totals == WINDOW, f"the paper's selection has {WINDOW}"
    c, ac = counts["coincidence"], counts["anticoincidence"]
    rows = [(i, j * TIME_WIDTH_US, c[i, j], ac[i, j]) for i, j in zip(*np.nonzero(c + ac), strict=True)]
    header = {
        "title": "COHERENT CsI[Na] 2021 beam-on events, coincidence and anticoincidence, in photoelectrons and time",
        "source": f"{RELEASE}, event lists dataBeamOnC.txt and dataBeamOnAC.txt, binned",
        "bins": "half-open [low, low + width), only bins with an event in either sample are listed, all others are 0",
        "photoelectrons_bin_width_PE": 1,
        "photoelectrons_first_edge_PE": 0,
        "photoelectrons_last_edge_PE": PE_EDGES,
        "time_bin_width_us": TIME_WIDTH_US,
        "time_first_edge_us": 0,
        "time_last_edge_us": 6,
        "coincidence_total": int(c.sum()),
        "anticoincidence_total": int(ac.sum()),
        "coincidence_total_below_60_PE": totals["coincidence"],
        "anticoincidence_total_below_60_PE": totals["anticoincidence"],
    }
    columns = ["photoelectrons_low_PE", "time_low_us", "coincidence_counts", "anticoincidence_counts"]
    write_table(out / "events.csv", header, columns, rows, MADE_BY)


def write_neutrons(release, out):
    brn, nin = np.loadtxt(release / "brnPE.txt"), np.loadtxt(release / "ninPE.txt")
    low = np.arange(PE_EDGES)
    for table in (brn, nin):
        assert np.allclose(table[:, 0], low + 0.5, rtol=0, atol=1e-9), "bin centres 0.5 to 249.5 PE expected"
        assert abs(table[:60, 1].sum() - 1) < 1e-6, "unit area below 60 PE expected"
    header = {
        "title": "COHERENT CsI[Na] 2021 photoelectrons of beam-related (BRN) and neutrino-induced (NIN) neutrons",
        "source": f"{RELEASE}, brnPE.txt and ninPE.txt",
        "normalisation": "unit area below 60 PE (the sum over all 250 bins is 1.498 for BRN and 1.334 for NIN)",
        "efficiency": "the detection efficiency in photoelectrons is already applied",
        "photoelectrons_bin_width_PE": 1,
        "photoelectrons_first_edge_PE": 0,
        "photoelectrons_last_edge_PE": PE_EDGES,
    }
    columns = ["photoelectrons_low_PE", "brn_density_per_PE", "nin_density_per_PE"]
    rows = list(zip(low, brn[:, 1], nin[:, 1], strict=True))
    write_table(out / "neutron_photoelectrons.csv", header, columns, rows, MADE_BY)

    brn, nin = np.loadtxt(release / "brnTrec.txt"), np.loadtxt(release / "ninTrec.txt")
    low = np.round(-0.25 + 0.01 * np.arange(650), 2)
    for table in (brn, nin):
        assert np.allclose(table[:, 0] - 0.005, low, rtol=0, atol=1e-9), "bin centres -0.245 to 6.245 us expected"
    header = {
        "title": "COHERENT CsI[Na] 2021 reconstructed times of beam-related (BRN) and neutrino-induced (NIN) neutrons",
        "source": f"{RELEASE}, brnTrec.txt and ninTrec.txt, low bin edges instead of centres",
        "normalisation": "as released, events of all photoelectrons; those from 0 to 6 us over the sums 1.498 (BRN) "
        "and 1.334 (NIN) of neutron_photoelectrons.csv are 18.45 and 5.62 events below 60 PE",
        "efficiency": "the time efficiency is NOT applied",
        "time_bin_width_us": 0.01,
        "time_first_edge_us": -0.25,
        "time_last_edge_us": 6.25,
    }
    rows = list(zip(low, brn[:, 1], nin[:, 1], strict=True))
    write_table(out / "neutron_times.csv", header, ["time_low_us", "brn_counts", "nin_counts"], rows, MADE_BY)


def coefficients(path):
    """The four-number lines of a coefficient file: nominal, then pairs of plus and minus one sigma."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    return [[Decimal(word) for word in line.split()] for line in lines]


def shift(name, nominal, plus, minus):
    """Plus one sigma minus nominal, after checking that minus one sigma mirrors it within the printed digits."""
    for n, p, m in zip(nominal, plus, minus, strict=True):
        # six significant digits are printed, trailing zeros dropped: half a unit of the sixth digit each
        half = sum(abs(x).scaleb(-5) * w for x, w in ((n, 2), (p, 1), (m, 1))) / 2
        assert abs((p - n) + (m - n)) <= half, f"{name}: plus and minus one sigma are not symmetric: {n} {p} {m}"
    return [float(p - n) for n, p in zip(nominal, plus, strict=True)]


def write_parameters(release, out):
    response, plus_0, minus_0, plus_1, minus_1 = coefficients(release / "scintRespCoefficients.txt")
    efficiency, efficiency_plus, efficiency_minus = coefficients(release / "effCoefficients.txt")
    response_source = f"{RELEASE}, scintRespCoefficients.txt"
    efficiency_source = f"{RELEASE}, effCoefficients.txt"
    mirror = "+1 sigma minus nominal; the -1 sigma set mirrors it within the printed digits (checked by the script)"
    response_unit, efficiency_unit = "MeVee/MeVnr^k, k = 1, 2, 3, 4", "1, 1/PE, PE, 1"
    lar = (
        "COHERENT LAr release arXiv:2006.12659, snsPOTTraceTiming: protons on target in time are a Gaussian; used here "
    )
    lar += "because the two-dimensional flux file of the CsI release is not in the public copies"
    norms = f"{PAPER}; number read in {COHERENT_CODE}"
    entries = {
        "mass_kg": (14.6, "kg", norms),
        "baseline_m": (19.3, "m", norms),
        "exposure_POT": (3.198e23, "protons on target", f"{norms}; 13.99 GWh"),
        "neutrinos_per_proton_and_flavour": (0.0848, "1", f"{norms}; for each of nu_e, nu_mu and anti-nu_mu"),
        "neutrinos_per_proton_relative_uncertainty": (0.10, "1", NOTES),
        "radius_rms_Cs133_fm": (5.104, "fm", f"neutron rms radius, {COHERENT_CODE}"),
        "radius_rms_I127_fm": (5.050, "fm", f"neutron rms radius, {COHERENT_CODE}; another version there has 4.8 fm"),
        "response_coefficients_MeV": (
            [float(x) for x in response],
            response_unit,
            f"{response_source}: E_ee = a x + b x^2 + c x^3 + d x^4 with x the recoil energy, both in MeV",
        ),
        "response_shift_0_MeV": (
            shift("response 0", response, plus_0, minus_0),
            response_unit,
            f"{response_source}, principal component 0: {mirror}",
        ),
        "response_shift_1_MeV": (
            shift("response 1", response, plus_1, minus_1),
            response_unit,
            f"{response_source}, principal component 1: {mirror}",
        ),
        "light_yield_PE_per_keVee": (13.35, "PE/keVee", f"{PAPER}; number read in {NEWTRINOS}"),
        "smearing_a_keVee_per_PE": (
            0.0749,
            "keVee/PE",
            f"{PAPER}, numbers read in {NEWTRINOS}: photoelectrons follow a gamma distribution "
            "of shape 1 + b and rate a (1 + b), a = 0.0749/E_ee, so that the mean is 1/a",
        ),
        "smearing_b_per_keVee": (
            9.56,
            "1/keVee",
            f"{PAPER}, number read in {NEWTRINOS}: b = 9.56 E_ee in the gamma distribution",
        ),
        "efficiency_coefficients_PE": (
            [float(x) for x in efficiency],
            efficiency_unit,
            f"{efficiency_source}: a/(1 + exp(-b (PE - c))) + d of reconstructed PE, clipped at 0",
        ),
        "efficiency_shift_PE": (
            shift("efficiency", efficiency, efficiency_plus, efficiency_minus),
            efficiency_unit,
            f"{efficiency_source}: {mirror}; the label of the second set there says +1 sigma too, it is -1 sigma",
        ),
        "time_efficiency_plateau_end_us": (
            0.52,
            "us",
            f"{PAPER}, number read in {COHERENT_CODE}: the time efficiency is 1 below",
        ),
        "time_efficiency_decay_per_us": (
            0.0494,
            "1/us",
            f"{PAPER}, number read in {COHERENT_CODE}: exp(-0.0494 (t - 0.52)) above 0.52 us, up to 6 us",
        ),
        "steady_state_decay_per_us": (0.0494, "1/us", f"{NOTES}: the steady-state background follows exp(-0.0494 t)"),
        "photoelectrons_end_PE": (60.0, "PE", f"{PAPER}: end of the analysis window"),
        "time_end_us": (6.0, "us", f"{PAPER}: end of the analysis window"),
        "brn_events": (18.4, "1", f"beam-related neutrons, {norms}"),
        "brn_relative_uncertainty": (0.25, "1", f"{NOTES}; the same in {NEWTRINOS}"),
        "nin_events": (5.6, "1", f"neutrino-induced neutrons, {norms}"),
        "nin_relative_uncertainty": (0.357, "1", f"{NOTES}; 0.36 in {NEWTRINOS}"),
        "steady_state_events": (1286.0, "1", norms),
        "steady_state_relative_uncertainty": (0.021, "1", f"{NOTES}; the same in {NEWTRINOS}"),
        "signal_relative_uncertainty": (
            0.1146,
            "1",
            f"{NOTES}; 10 % flux in quadrature with 4.1 % efficiency and 3.8 % quenching (both without a source)",
        ),
        "flux_relative_uncertainty": (0.10, "1", NOTES),
        "neutron_arrival_offset_us": ([0.0, 0.1], "us", f"range of the BRN and of the NIN offset, {COHERENT_CODE}"),
        "neutrino_arrival_offset_us": (
            [0.06, 0.1],
            "us",
            f"range of the neutrino offset relative to the release's flux file, {COHERENT_CODE}",
        ),
        "proton_pulse_mean_us": (0.44, "us", lar),
        "proton_pulse_mean_uncertainty_us": (0.20, "us", lar),
        "proton_pulse_sigma_us": (0.15, "us", f"{lar}; uncertainty negligible"),
    }
    cross_check(release / "barbeau_csi_config.json", {name: entry[0] for name, entry in entries.items()})
    title = "COHERENT CsI[Na] 2021 detector response, exposure, normalisations and uncertainties"
    write_values(out / "parameters.json", title, RELEASE, entries, MADE_BY)


def cross_check(path, values):
    """Compare with the configuration file of the COHERENT members' code, where the release folder has it."""
    if not path.is_file():
        print(f"{path.name} is not there, its numbers are not compared")
        return
    config = json.loads(path.read_text())
    detector, beam = config["detector"], config["beam"]
    ns = {name: [t / 1000 for t in detector["systematics"][f"{name}_time_offset{end}"]]
          for name, end in (("nu", ""), ("brn", "_csi"), ("nin", "_csi"))}  # fmt: skip
    pairs = {
        "mass_kg": detector["mass"],
        "baseline_m": detector["distance"],
        "exposure_POT": beam["pot"],
        "neutrinos_per_proton_and_flavour": beam["nus_per_pot"]["nuMu"],
        "radius_rms_Cs133_fm": detector["isotopes"][0]["r_n"],
        "radius_rms_I127_fm": detector["isotopes"][1]["r_n"],
        "steady_state_events": detector["norms"]["ssb"],
        "brn_events": detector["norms"]["brn"],
        "nin_events": detector["norms"]["nin"],
        "photoelectrons_end_PE": config["analysis"]["energy_roi"][1],
        "time_end_us": config["analysis"]["time_roi"][1],
        "neutrino_arrival_offset_us": ns["nu"],
        "neutron_arrival_offset_us": ns["brn"],
    }
    assert ns["brn"] == ns["nin"]
    for name, value in pairs.items():
        assert values[name] == value, f"{name}: {values[name]} here, {value} in {path.name}"


def main():
    release, out = release_and_out(__doc__, "coherent_csi_2021")
    write_events(release, out)
    write_neutrons(release, out)
    write_parameters(release, out)


if __name__ == "__main__":
    main()
