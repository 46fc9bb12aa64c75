"""Make data/excess/*.csv: background spectra at low energy, as measured, from files of the EXCESS workshop.

The argument is a folder like `data/converted_data` of github.com/fewagner/excess, with Nucleus/, CRESST/, CONNIE/,
Edelweiss/ and MINER/. Events are counted in ten bins a decade, divided by exposure and efficiency; what comes as a
rate per bin stays as it is.
"""

import itertools

import numpy as np
from writing import release_and_out, write_table

MADE_BY = "data/build/excess.py"
COLUMNS = ["energy_low_keV", "energy_high_keV", "counts_per_keV_kg_day"]
WORKSHOP = "EXCESS workshop, arXiv:2202.05097, github.com/fewagner/excess (0e93740), CC BY 4.0"


def decades(low, high):
    """Ten bins a decade from one energy to another, keV, the last one as wide as it comes out."""
    steps = int(np.floor(10.0 * np.log10(high / low) + 1e-9))
    return low * 10.0 ** (np.arange(steps + 1) / 10.0)


def counted(events, edges, exposure_kg_day, efficiency):
    """Rates of single events; the efficiency is averaged over each bin."""
    counts, _ = np.histogram(events, edges)
    within = [np.mean(efficiency(np.linspace(*pair, 101))) for pair in itertools.pairwise(edges)]
    return edges, counts / (np.diff(edges) * exposure_kg_day * np.array(within))


def number(path):
    return float(path.read_text())


def constant(path):
    """An efficiency that its file says is the same everywhere."""
    (value,) = set(np.loadtxt(path)[:, 1].tolist())
    return lambda energy: np.full_like(energy, value)


def nucleus(release):
    """Two event lists with an exposure each; the trigger is worth something below 40 eV alone."""
    folder = release / "Nucleus"
    trigger = np.loadtxt(folder / "Nucleus_eff.txt")
    low, high = (np.loadtxt(folder / f"Nucleus_{part}E.txt") for part in ("low", "high"))
    assert (len(low), len(high)) == (511, 2151), "2662 events expected"
    # neither list has events from 0.58 to 0.61 keV: they meet at 0.6 keV; the calibration source is above 4 keV
    edges_low, edges_high = np.append(decades(0.02, 0.6), 0.6), np.append(decades(0.6, 4.0), 4.0)
    exposures = [number(folder / f"Nucleus_exposure_{part}E.txt") for part in ("low", "high")]
    below = counted(low, edges_low, exposures[0], lambda energy: np.interp(energy, *trigger.T))
    above = counted(high, edges_high, exposures[1], np.ones_like)
    return np.concatenate([edges_low, edges_high[1:]]), np.concatenate([below[1], above[1]])


def events_of(release, name, low, high):
    folder = release / name
    events = np.loadtxt(folder / f"{name}.txt").ravel()
    exposure = number(folder / f"{name}_exposure.txt")
    return counted(events, decades(low, high), exposure, constant(folder / f"{name}_eff.txt"))


def binned(path):
    rows = np.loadtxt(path)
    np.testing.assert_allclose(rows[1:, 0], rows[:-1, 1], rtol=1e-12)
    return np.append(rows[:, 0], rows[-1, 1]), rows[:, 2]


def main():
    release, out = release_and_out(__doc__, "excess")
    spectra = {
        "nucleus-al2o3": (
            nucleus(release),
            "NUCLEUS prototype, 0.49 g of Al2O3 at the surface",
            "arXiv:1704.04317, arXiv:1707.06749",
            "deposited energy; the line of the calibration source, above 4 keV, is left out",
        ),
        "cresst-cawo4": (
            events_of(release, "CRESST", 0.0301, 16.0),
            "CRESST-III detector A, 23.6 g of CaWO4 underground",
            "arXiv:1904.00498",
            "deposited energy; efficiency 0.6, flat down to the threshold of 30.1 eV, which is recalled",
        ),
        "connie-si": (
            events_of(release, "CONNIE", 0.015, 7.5),
            "Skipper CCD at the surface (Fermilab), 0.675 g of Si",
            "files of the workshop",
            "ionisation energy, keVee; efficiency 0.6",
        ),
        "edelweiss-ge-surface": (
            binned(release / "Edelweiss/RED20.txt"),
            "EDELWEISS RED20, 33.4 g of Ge at the surface, heat",
            "arXiv:1901.03588",
            "deposited energy, corrected for efficiency by the experiment",
        ),
        "edelweiss-ge-underground": (
            binned(release / "Edelweiss/RED30_keVee.txt"),
            "EDELWEISS RED30, 33.6 g of Ge underground at 78 V",
            "arXiv:2003.01046",
            "ionisation energy, keVee, corrected for efficiency by the experiment",
        ),
        "miner-al2o3": (
            binned(release / "MINER/MINER_sapphire_with_ss.txt"),
            "MINER, sapphire, one detector alone hit",
            "files of the workshop",
            "deposited energy",
        ),
    }
    for name, ((edges, rates), title, paper, energy) in spectra.items():
        header = {"title": f"Background of {title}", "source": f"{paper}; {WORKSHOP}", "energy": energy}
        rows = list(zip(edges[:-1], edges[1:], rates, strict=True))
        write_table(out / f"{name}.csv", header, COLUMNS, rows, MADE_BY, digits=6)


if __name__ == "__main__":
    main()
