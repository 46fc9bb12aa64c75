"""Write the tables of data/reactor from a folder with public copies of reactor antineutrino spectra.

Usage: python data/build/reactor_spectra.py RELEASE_DIR [--out DIR]

RELEASE_DIR holds bestiole_2023/, huber_2011/, vogel_engel/, ricochet/ and other_tables/; headers name the sources.
"""

import argparse
from pathlib import Path

import numpy as np

MADE_BY = "data/build/reactor_spectra.py"
ISOTOPES = ("U235", "U238", "Pu239", "Pu241")
HUBER = ("U235", "Pu239", "Pu241")
COLUMNS = [f"{name}_per_fission_MeV" for name in ISOTOPES]
OUTER = "a bin average holds over its whole bin: the table goes on with it over the outer half bins, down to 0.78 keV"
POLYNOMIALS = {
    "U235": (4.367, -4.577, 2.100, -0.5294, 6.186e-2, -2.777e-3),
    "U238": (0.4833, 0.1927, -0.1283, -6.762e-3, 2.233e-3, -1.536e-4),
    "Pu239": (4.757, -5.392, 2.563, -0.6596, 7.820e-2, -3.536e-3),
    "Pu241": (2.990, -2.882, 1.278, -0.3343, 3.905e-2, -1.754e-3),
}


def write_table(path, header, columns, rows):
    lines = [f"# {key}: {value}" for key, value in {**header, "made_by": MADE_BY, "rows": len(rows)}.items()]
    lines.append(",".join(columns))
    lines += [",".join(x if isinstance(x, str) else f"{x:.6g}" for x in row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{path.name}: {len(rows)} rows")


def with_outer_half_bins(centres, values):
    """Knots at the bin centres, and the value of the outer bins over their outer halves."""
    half = 0.5 * (centres[1] - centres[0])
    below = centres[0] * 0.5 ** np.arange(4, 0, -1)  # factors of two, which a quadrature of E^-2 resolves
    knots = np.concatenate([below, centres, [centres[-1] + half]])
    return knots, np.concatenate([np.full(4, values[0]), values, values[-1:]])


def write_bestiole(release, out):
    tables = {
        name: np.loadtxt(release / f"bestiole_2023/bestiole_{name.lower()}.txt", delimiter=",")
        for name in (*ISOTOPES, "U239", "Np239")
    }
    centres = tables["U235"][:, 0]
    assert np.allclose(centres, 0.0125 + 0.025 * np.arange(500), rtol=0, atol=1e-9)
    source = (
        "L. Perisse et al. (BESTIOLE), arXiv:2304.14992, ancillary tables, as copied in "
        "github.com/RitterCat/reactor-nu-cevns (fd65749); no uncertainties there"
    )
    header = {
        "title": "Antineutrinos per fission of four isotopes, summation of beta branches (BESTIOLE 2023)",
        "source": source,
        "knots": f"centres of 25 keV bins; {OUTER}",
    }
    rows = []
    for name in ISOTOPES:
        energy, value = tables[name].T
        assert np.allclose(energy, centres, rtol=0, atol=1e-9)
        knots, values = with_outer_half_bins(np.round(energy, 4), value)
        histogram = 0.025 * value.sum()
        assert abs(np.trapezoid(values, knots) / histogram - 1) < 3e-4
        rows.append(values)
        print(f"{name}: {histogram:.4f} antineutrinos per fission")
    write_table(out / "bestiole_2023.csv", header, ["energy_MeV", *COLUMNS], list(zip(knots, *rows, strict=True)))

    header = {
        "title": "Antineutrinos from the beta decays of U239 and Np239, after a neutron capture on U238",
        "source": source,
        "knots": f"centres of 25 keV bins; {OUTER}",
        "normalisation": "one antineutrino per decay",
    }
    knots, u239 = with_outer_half_bins(np.round(tables["U239"][:, 0], 4), tables["U239"][:, 1])
    shorter, values = with_outer_half_bins(np.round(tables["Np239"][:, 0], 4), tables["Np239"][:, 1])
    # the last half bin ends in a step, which needs a knot of its own
    end = shorter[-1]
    merged = np.sort(np.concatenate([knots, [end, end + 1e-5]]))
    u239 = np.interp(merged, knots, u239)
    np239 = np.where(merged <= end, np.interp(merged, shorter, values), 0.0)
    assert abs(np.trapezoid(u239, merged) - 1) < 1e-4
    assert abs(np.trapezoid(np239, merged) - 1) < 1e-4
    columns = ["energy_MeV", "U239_per_MeV", "Np239_per_MeV"]
    write_table(out / "capture_bestiole_2023.csv", header, columns, list(zip(merged, u239, np239, strict=True)))


def vogel_engel(release):
    tables = [np.loadtxt(release / f"vogel_engel/spectraMeV{name}.txt") for name in ISOTOPES]
    assert all(np.array_equal(table[:, 0], tables[0][:, 0]) for table in tables)
    return tables[0][:, 0], np.array([table[:, 1] for table in tables])


def write_vogel_engel(release, out):
    energy, values = vogel_engel(release)
    mueller = np.loadtxt(release / "other_tables/mueller_u235.txt", delimiter=",")
    assert np.array_equal(values[0][energy >= 2.0], mueller[:, 1]), (
        "the part above 2 MeV is the table of Mueller et al."
    )
    header = {
        "title": "Antineutrinos per fission of four isotopes, Vogel and Engel below 2 MeV, Mueller et al. above",
        "source": "P. Vogel and J. Engel, Phys. Rev. D 39, 3378 (1989), and T. Mueller et al., arXiv:1101.2663, as in "
        "github.com/LeireLarizgoitia/Reactor_CEnuNS (2242059); not checked against the papers",
    }
    rows = list(zip(energy, *values, strict=True))
    write_table(out / "vogel_engel.csv", header, ["energy_MeV", *COLUMNS], rows)


def weak_magnetism(energy, minus, plus):
    """Signed shift by +1 sigma: both sides are straight lines in energy, which the release sorts in each bin."""
    straight = energy >= 3.0  # the sides do not cross there
    upper, lower = (np.polyval(np.polyfit(energy[straight], side[straight], 1), energy) for side in (plus, minus))
    assert np.abs(np.maximum(np.maximum(upper, lower), 0.0) - plus).max() < 1e-6
    assert np.abs(np.minimum(np.minimum(upper, lower), 0.0) - minus).max() < 1e-6
    return 0.5 * (upper - lower)


def write_huber_mueller(release, out):
    low_energy, low = vogel_engel(release)
    below = low_energy < 2.0
    huber = {name: np.loadtxt(release / f"huber_2011/{name}-anti-neutrino-flux-250keV.dat") for name in HUBER}
    energy = huber["U235"][:, 0]
    columns, values = ["energy_MeV"], [np.concatenate([low_energy[below], energy])]
    for index, name in enumerate(ISOTOPES):
        above = huber[name][:, 1] if name in huber else low[index][~below]
        columns.append(COLUMNS[index])
        values.append(np.concatenate([low[index][below], above]))
    assert np.array_equal(low_energy[~below], energy)
    for name, table in huber.items():
        errors = table[:, 2:].reshape(-1, 6, 2)  # statistical, bias, Z, weak magnetism, normalisation, total
        total = np.sqrt((errors[:, :5] ** 2).sum(axis=1))
        assert np.abs(total / np.abs(errors[:, 5]) - 1).max() < 2e-4, "the errors add up in quadrature to the total"
        assert not np.any(errors[:, 2, 0] * errors[:, 2, 1]), "the error of the effective charge is one-sided"
        modes = {
            "uncorrelated": np.hypot(errors[:, 0, 1], errors[:, 1, 1]),
            "effective_charge": errors[:, 2, 0] + errors[:, 2, 1],
            "weak_magnetism": weak_magnetism(energy, errors[:, 3, 0], errors[:, 3, 1]),
            "normalisation": 0.5 * (errors[:, 4, 1] - errors[:, 4, 0]),
        }
        for mode, error in modes.items():
            columns.append(f"{name}_{mode}_relative")
            values.append(np.concatenate([np.zeros(below.sum()), error]))
    header = {
        "title": "Antineutrinos per fission of four isotopes, conversion of beta spectra, with relative errors",
        "source": "from 2 MeV on P. Huber, arXiv:1106.0687 (250 keV tables, as in "
        "github.com/joejohnston203/ricochet_cevns_spectra, 4beff65) for U235, Pu239 and Pu241, T. Mueller et al., "
        "arXiv:1101.2663, for U238; below 2 MeV P. Vogel and J. Engel, Phys. Rev. D 39, 3378 (1989), as in "
        "vogel_engel.csv",
        "errors": "one sigma from 2 MeV on, none below and none for U238; uncorrelated: statistics and bias, between "
        "bins and isotopes; the others move all bins and isotopes together, by these signed shifts (weak_magnetism: "
        "half the distance of the two sides; effective_charge, which is one-sided: all of it)",
    }
    write_table(out / "huber_mueller.csv", header, columns, list(zip(*values, strict=True)))


def write_kopeikin(release, out):
    table = np.loadtxt(release / "ricochet/kopeikin_spectrum.txt", usecols=(0, 1))
    header = {
        "title": "Antineutrinos per fission of a power reactor, its fuel mixture with neutron captures on U238",
        "source": "V. Kopeikin's table as in github.com/joejohnston203/ricochet_cevns_spectra (4beff65), "
        "not checked against the paper",
        "captures": "included: the steps at 0.44 and 1.19 MeV are end points of Np239 and U239",
    }
    write_table(out / "kopeikin.csv", header, ["energy_MeV", "mixture_per_fission_MeV"], table.tolist())


def write_polynomials(out):
    header = {
        "title": "Antineutrinos per fission and MeV as exp(sum_p a_p E^p), E in MeV, from 2 to 8 MeV",
        "source": "U235, Pu239, Pu241: P. Huber, arXiv:1106.0687, Table III; U238: T. Mueller et al., arXiv:1101.2663, "
        "Table VI; as in public codes (github.com/murataltinli/ERNIE, github.com/schol/dukecevns), not checked against "
        "the papers",
    }
    columns = ["isotope", "a0", *(f"a{p}_per_MeV{p}" for p in range(1, 6))]
    write_table(out / "polynomials.csv", header, columns, [(name, *a) for name, a in POLYNOMIALS.items()])


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("release", type=Path, help="folder with the public tables")
    default = Path(__file__).resolve().parents[1] / "reactor"
    parser.add_argument("--out", type=Path, default=default, help="folder to write (default: the packaged one)")
    arguments = parser.parse_args()
    arguments.out.mkdir(exist_ok=True)
    for write in (write_bestiole, write_vogel_engel, write_huber_mueller, write_kopeikin):
        write(arguments.release, arguments.out)
    write_polynomials(arguments.out)


if __name__ == "__main__":
    main()
