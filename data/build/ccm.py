"""Make data/ccm/background.csv from the two columns of CCM120's background that github.com/noctildon/lightDM holds.

The argument is a folder with `CCM background.csv` (counts) and `CCM bkg energy edges.csv` (edges in MeV), both of
`Experiments/CCM` there.
"""

import numpy as np
from writing import release_and_out, write_table

MADE_BY = "data/build/ccm.py"


def main():
    release, out = release_and_out(__doc__, "ccm")
    edges = np.loadtxt(release / "CCM bkg energy edges.csv")
    counts = np.loadtxt(release / "CCM background.csv")
    assert counts.shape == (37,), "37 bins expected"
    np.testing.assert_array_equal(edges[[0, 37]], [1.0, 100.0])
    assert np.all(np.diff(edges) > 0)
    header = {
        "title": "Background of CCM120's engineering run in its prompt window",
        "source": "CCM Collaboration, arXiv:2112.09979, as digitised in github.com/noctildon/lightDM, Experiments/CCM",
        "protons_on_target": "1.79e21",
        "energy": "reconstructed electromagnetic energy",
        "meaning": "counts of each bin, in all of the run",
    }
    rows = list(zip(edges[:-1], edges[1:], counts, strict=True))
    write_table(out / "background.csv", header, ["energy_low_MeV", "energy_high_MeV", "counts"], rows, MADE_BY)


if __name__ == "__main__":
    main()
