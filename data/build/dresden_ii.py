"""Write the Dresden-II germanium tables from a copy of the paper's ancillary data release.

Usage: python data/build/dresden_ii.py RELEASE_DIR [--out DIR]
"""

import numpy as np
from writing import release_and_out, write_table, write_values

MADE_BY = "data/build/dresden_ii.py"
PAPER = "arXiv:2202.09672 (PRL 129, 211802)"
RELEASE = f"ancillary data release of {PAPER}"
CODE = "github.com/LeireLarizgoitia/Reactor_CEnuNS (2242059), a public analysis of the release"
RECALLED = f"{PAPER} and the literature on it, recalled, not checked against the paper"


def write_spectrum(release, out):
    table = np.loadtxt(release / "data_release.txt")
    low = np.round(0.2 + 0.01 * np.arange(130), 3)
    assert np.allclose(table[:, 0], low + 0.005, rtol=0, atol=1e-9), "bin centres 0.205 to 1.495 keV expected"
    assert np.allclose(table[:, 1::2].sum(axis=0), [5106.253, 4055.2792], rtol=0, atol=1e-6)
    assert table[:, 1:].min() > 0
    header = {
        "title": "Dresden-II germanium ionisation spectra with the reactor on and off",
        "source": f"{RELEASE}, data_release.txt, low bin edges instead of centres",
        "bins": "half-open [low, low + width), all 130 bins are listed",
        "energy_bin_width_keVee": 0.01,
        "energy_first_edge_keVee": 0.2,
        "energy_last_edge_keVee": 1.5,
        "rates": "counts per 10 eV bin and day in the whole detector of 2.924 kg (called 3 kg in the unit given), mean "
        "of 96.4 days (reactor on) and 25 days (off); taken as corrected for the signal acceptance",
        "errors": "one sigma, statistics and signal acceptance combined",
        "meaning": f"units and errors as {CODE}, gives them, which applies no further acceptance; the copy of the "
        "release has no description",
    }
    columns = ["energy_low_keVee", *(f"{s}_rate{e}_per_day" for s in ("on", "off") for e in ("", "_error"))]
    rows = [(edge, *row) for edge, row in zip(low, table[:, 1:], strict=True)]
    write_table(out / "spectrum.csv", header, columns, rows, MADE_BY)


def write_quenching(release, out):
    table = np.loadtxt(release / "QF_Fef_YBe.txt")
    energy = np.round(0.01 * np.arange(451), 2)
    assert np.allclose(table[:, 0], energy, rtol=0, atol=1e-9), "energies 0 to 4.5 keV expected"
    assert np.all((table[:, 1:] > 0.17) & (table[:, 1:] < 0.44))
    header = {
        "title": "Quenching factor of germanium from iron-filtered (Fef) and photoneutron (YBe) sources",
        "source": f"{RELEASE}, QF_Fef_YBe.txt; the measurements are those of arXiv:2102.10089 (recalled)",
        "quenching": "ionisation energy over nuclear recoil energy",
    }
    columns = ["recoil_energy_keVnr", "iron_filter_quenching", "photoneutron_quenching"]
    rows = [(e, *row) for e, row in zip(energy, table[:, 1:], strict=True)]
    write_table(out / "quenching.csv", header, columns, rows, MADE_BY)


def write_parameters(out):
    used = f"{PAPER}; number read in {CODE}"
    width = f"{used}: sigma^2 = noise^2 + fano_factor x pair energy x E"
    line = f"{used}: electron capture of 71Ge, "
    fission = f"{CODE}: share of the unit-normalised spectrum"
    entries = {
        "mass_kg": (2.924, "kg", used),
        "exposure_on_d": (96.4, "d", used),
        "exposure_off_d": (25.0, "d", used),
        "flux_per_cm2_s": (
            4.8e13,
            "cm^-2 s^-1",
            f"{used}; 2.96 GW at 10.39 m with 7.2 neutrinos per fission give 4.78e13, so it includes neutron capture",
        ),
        "flux_relative_uncertainty": (0.02, "1", RECALLED),
        "thermal_power_GW": (2.96, "GW", RECALLED),
        "baseline_m": (10.39, "m", RECALLED),
        "neutrinos_per_fission": (7.2, "1", RECALLED),
        "share_U235": (0.58, "1", fission),
        "share_Pu239": (0.29, "1", fission),
        "share_U238": (0.08, "1", fission),
        "share_Pu241": (0.05, "1", fission),
        "captures_U238_per_fission": (
            0.6,
            "1",
            f"{CODE}: weight of the unit-normalised spectrum of U239 and Np239 after neutron capture, beside the "
            "shares, which add up to 1",
        ),
        "resolution_noise_keVee": (0.0685, "keVee", width),
        "fano_factor": (0.11, "1", width),
        "pair_energy_keVee": (0.00296, "keVee", width),
        "line_L1_keVee": (1.297, "keVee", f"{line}L1 shell; start value of a free centroid"),
        "line_L2_keVee": (1.142, "keVee", f"{line}L2 shell; width that of L1"),
        "line_L2_over_L1": (0.008, "1", f"{line}ratio of the heights"),
        "line_M_keVee": (0.158, "keVee", f"{line}M shell; width resolution_noise_keVee"),
        "line_M_over_L1": (0.16, "1", f"{line}ratio of the areas"),
        "line_M_over_L1_relative_uncertainty": (0.03, "1", f"{line}prior of the ratio"),
        "line_Zn65_L1_keVee": (1.10, "keVee", f"electron capture of 65Zn, L1 shell; {RECALLED}; {CODE}, leaves it out"),
    }
    assert abs(sum(value for name, (value, _, _) in entries.items() if name.startswith("share_")) - 1) < 1e-9
    title = "Dresden-II germanium detector, exposure, reactor and background lines"
    write_values(out / "parameters.json", title, f"{RELEASE}, and {CODE}", entries, MADE_BY)


def main():
    release, out = release_and_out(__doc__, "dresden_ii")
    write_spectrum(release, out)
    write_quenching(release, out)
    write_parameters(out)


if __name__ == "__main__":
    main()
