"""Neutrinos from the atmosphere."""

from cevnsjax.flux.tabulated import TabulatedFlux
from cevnsjax.tables import read_table

COMPONENTS = ("nu_e", "nu_e_bar", "nu_mu", "nu_mu_bar")


def atmospheric_neutrinos(exposure_s: float, panels: int = 12) -> TabulatedFlux:
    """Build the atmospheric neutrinos between 13 and 944 MeV, from all directions.

    FLUKA at Super-Kamiokande, average over the solar cycle: G. Battistoni et al., Astropart. Phys. 23, 526 (2005);
    logarithms are interpolated. The flux is that of production, without oscillation (no nu_tau), 7.3 cm^-2 s^-1 in all;
    its uncertainty is about 20 %. It is larger nearer to the geomagnetic poles: D. Baxter et al., arXiv:2105.00599,
    recommend 10.5 cm^-2 s^-1 at Gran Sasso (recalled, not checked against the paper), which is ``norm`` = 1.43 here.

    Parameters
    ----------
    exposure_s
        How long they are seen, s.
    panels
        How many of the knots are break points for quadrature.
    """
    table = read_table("atmospheric.csv")
    columns = {name: table[f"{name}_flux_per_cm2_s_MeV"] for name in COMPONENTS}
    return TabulatedFlux.from_columns(table["energy_MeV"], columns, exposure_s, logarithmic=True, panels=panels)
