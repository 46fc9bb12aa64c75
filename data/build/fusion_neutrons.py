"""Make data/fusion/neutrons_*.csv from two tables of neutron fluxes of D-T fusion.

The argument is a folder with `iter_DT_nflux_per-cm2_s_MeV.txt` and `wcll_DT_nflux_per-cm2_s_MeV.txt`, as
github.com/athompson-git/NuFusion (MIT) has them in `data/neutron_flux`: energy and flux, 60 and 68 rows.
"""

import numpy as np
from writing import release_and_out, write_table

MADE_BY = "data/build/fusion_neutrons.py"
DEVICES = {"iter": ("ITER", 60), "wcll": ("a DEMO with a blanket of lithium lead cooled by water (WCLL)", 68)}


def main():
    release, out = release_and_out(__doc__, "fusion")
    for name, (device, count) in DEVICES.items():
        rows = np.loadtxt(release / f"{name}_DT_nflux_per-cm2_s_MeV.txt")
        assert rows.shape == (count, 2), f"{count} rows of two columns expected"
        assert np.all(np.diff(rows[:, 0]) > 0)
        rows = np.array([[float(f"{each:.8g}") for each in row] for row in rows])
        energy, flux = np.log(rows.T)
        fine = np.linspace(energy[0], energy[-1], 200_001)
        total = np.trapezoid(np.exp(np.interp(fine, energy, flux) + fine), fine)
        header = {
            "title": f"Neutrons of D-T fusion in {device}",
            "source": "github.com/athompson-git/NuFusion (MIT), data/neutron_flux, digitised there of curves without a "
            "name",
            "meaning": "flux through a square centimetre, taken to be that of the first wall at full power",
            "total_per_cm2_s": f"{total:.5g}",
        }
        columns = ["energy_MeV", "flux_per_cm2_s_MeV"]
        write_table(out / f"neutrons_{name}.csv", header, columns, rows.tolist(), MADE_BY)


if __name__ == "__main__":
    main()
