"""Make data/cosmic_rays/*.csv from two tables of local interstellar spectra of HelMod and GALPROP.

The argument is a folder with `TABLE_Protons_R.txt` and `TABLE_Helium_R.txt`, of which github.com/noctildon/CRiDM
(3418bc5) holds copies in `data`: rigidity and intensity, 274 rows each.
"""

import numpy as np
from writing import release_and_out, write_table

MADE_BY = "data/build/cosmic_rays.py"


def main():
    release, out = release_and_out(__doc__, "cosmic_rays")
    for name, file in (("proton", "TABLE_Protons_R.txt"), ("helium", "TABLE_Helium_R.txt")):
        rows = np.loadtxt(release / file)
        assert rows.shape == (274, 2), "274 rows of two columns expected"
        assert np.all(np.diff(rows[:, 0]) > 0)
        header = {
            "title": f"Local interstellar spectrum of cosmic rays: {name}",
            "source": "M. J. Boschini et al., Astrophys. J. 840, 115 (2017) and later releases (HelMod with GALPROP); "
            "rows as held by github.com/noctildon/CRiDM (3418bc5)",
            "meaning": "intensity beyond the reach of the solar wind, all isotopes of the element",
        }
        write_table(out / f"{name}.csv", header, ["rigidity_GV", "intensity_per_m2_s_sr_GV"], rows.tolist(), MADE_BY)


if __name__ == "__main__":
    main()
