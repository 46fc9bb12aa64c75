"""Write the tables of neutrino reactions from a folder with public strengths and cross sections.

Usage: python data/build/neutrino_reactions.py RELEASE_DIR [--out DIR]. RELEASE_DIR holds ar40_to_k40_strengths.csv
(set, energy, strength, kind, origin) and inclusive_tables.csv (energy, one column for each reaction).
"""

import csv

from writing import release_and_out, write_table

MADE_BY = "data/build/neutrino_reactions.py"
SNOWGLOBES = "github.com/SNOwGLoBES/snowglobes, xscns/ (522aa7c)"
REVIEW = "J. A. Formaggio and G. P. Zeller, Rev. Mod. Phys. 84, 1307 (2012)"

CHARGED, NEUTRAL = "charged", "neutral"
ALL = "nu_e nu_mu nu_tau nu_e_bar nu_mu_bar nu_tau_bar"

# name here, column there, target, current, what reacts, energy that goes into masses (recalled), reaction
REACTIONS = (
    ("H2", "nue_d", "H2", CHARGED, "nu_e", 1.442, "nu_e d -> e- p p"),
    ("H2-nu_e_bar", "nuebar_d", "H2", CHARGED, "nu_e_bar", 4.029, "nu_e_bar d -> e+ n n"),
    ("C12", "nue_C12", "C12", CHARGED, "nu_e", 17.338, "nu_e 12C -> e- X"),
    ("C12-nu_e_bar", "nuebar_C12", "C12", CHARGED, "nu_e_bar", 14.391, "nu_e_bar 12C -> e+ X"),
    ("C12-15.11", "nc_nue_C12", "C12", NEUTRAL, ALL, 15.11, "nu 12C -> nu 12C*(15.11)"),
    ("C13", "nue_C13", "C13", CHARGED, "nu_e", 2.22, "nu_e 13C -> e- X"),
    ("C13-neutral", "nc_nue_C13", "C13", NEUTRAL, ALL, 3.089, "nu 13C -> nu X"),
    ("O16", "nue_O16", "O16", CHARGED, "nu_e", 15.42, "nu_e 16O -> e- X"),
    ("O16-neutral", "nc_nue_O16", "O16", NEUTRAL, ALL, 12.13, "nu 16O -> nu X"),
    ("Ar40-rpa", "nue_Ar40_klmv", "Ar40", CHARGED, "nu_e", 1.504, "nu_e 40Ar -> e- X, RPA of Kolbe et al."),
    ("Ar40-marley-1", "nue_Ar40_marley1", "Ar40", CHARGED, "nu_e", 1.504, "nu_e 40Ar -> e- X, MARLEY 1"),
    ("Ar40-neutral", "nc_nue_Ar40", "Ar40", NEUTRAL, ALL, 7.0, "nu 40Ar -> nu X"),
    ("Pb208-1n", "nue_Pb208_1n", "Pb208", CHARGED, "nu_e", 9.77, "nu_e 208Pb -> e- n X"),
    ("Pb208-2n", "nue_Pb208_2n", "Pb208", CHARGED, "nu_e", 17.9, "nu_e 208Pb -> e- 2n X"),
    ("Pb208-neutral-1n", "nc_nue_Pb208_1n", "Pb208", NEUTRAL, ALL, 7.37, "nu 208Pb -> nu n X"),
    ("Pb208-neutral-2n", "nc_nue_Pb208_2n", "Pb208", NEUTRAL, ALL, 14.11, "nu 208Pb -> nu 2n X"),
)

PION, FLIGHT, CHROMIUM, ARGON = "pion decay at rest", "pion decay in flight", "51Cr", "37Ar"
# target, reaction, flux, experiment, measured, statistical errors up and down, systematic error, theory from and to;
# 1e-42 cm^2, total errors stand as statistical ones, no theory is zero
MEASUREMENTS = (
    ("H2", "2H(nu_e, e-)pp", PION, "LAMPF", 52.0, 18.0, 18.0, 0.0, 54.0, 54.0),
    ("C12", "12C(nu_e, e-)12N ground state", PION, "KARMEN", 9.1, 0.5, 0.5, 0.8, 8.9, 9.4),
    ("C12", "12C(nu_e, e-)12N ground state", PION, "E225", 10.5, 1.0, 1.0, 1.0, 8.9, 9.4),
    ("C12", "12C(nu_e, e-)12N ground state", PION, "LSND", 8.9, 0.3, 0.3, 0.9, 8.9, 9.4),
    ("C12", "12C(nu_e, e-)12N excited", PION, "KARMEN", 5.1, 0.6, 0.6, 0.5, 4.1, 5.6),
    ("C12", "12C(nu_e, e-)12N excited", PION, "E225", 3.6, 2.0, 2.0, 0.0, 4.1, 5.6),
    ("C12", "12C(nu_e, e-)12N excited", PION, "LSND", 4.3, 0.4, 0.4, 0.6, 4.1, 5.6),
    ("C12", "12C(nu_mu, nu_mu)12C(15.11)", PION, "KARMEN", 3.2, 0.5, 0.5, 0.4, 2.8, 2.8),
    ("C12", "12C(nu, nu)12C(15.11) nu_e + nu_mu_bar", PION, "KARMEN", 10.5, 1.0, 1.0, 0.9, 10.5, 10.5),
    ("C12", "12C(nu_mu, mu-)X", FLIGHT, "LSND", 1060.0, 30.0, 30.0, 180.0, 1115.0, 1780.0),
    ("C12", "12C(nu_mu, mu-)12N ground state", FLIGHT, "LSND", 56.0, 8.0, 8.0, 10.0, 56.0, 73.0),
    ("Fe56", "56Fe(nu_e, e-)56Co", PION, "KARMEN", 256.0, 108.0, 108.0, 43.0, 264.0, 264.0),
    ("Ga71", "71Ga(nu_e, e-)71Ge", CHROMIUM, "GALLEX", 0.0054, 0.0009, 0.0009, 0.0, 0.0058, 0.0058),
    ("Ga71", "71Ga(nu_e, e-)71Ge", CHROMIUM, "SAGE", 0.0055, 0.0007, 0.0007, 0.0, 0.0058, 0.0058),
    ("Ga71", "71Ga(nu_e, e-)71Ge", ARGON, "SAGE", 0.0055, 0.0006, 0.0006, 0.0, 0.0070, 0.0070),
    ("I127", "127I(nu_e, e-)127Xe bound", PION, "LSND", 284.0, 91.0, 91.0, 25.0, 210.0, 310.0),
    ("I127", "127I(nu_e, e-)X", PION, "COHERENT", 920.0, 210.0, 180.0, 0.0, 0.0, 0.0),
    ("I127", "127I(nu_e, e-)X without neutrons", PION, "COHERENT", 520.0, 340.0, 310.0, 0.0, 0.0, 0.0),
    ("I127", "127I(nu_e, e-)X with neutrons", PION, "COHERENT", 220.0, 350.0, 220.0, 0.0, 0.0, 0.0),
)


def rows_of(path):
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def write_strengths(release, out):
    found = rows_of(release / "ar40_to_k40_strengths.csv")
    assert {row["kind"] for row in found} == {"GT", "Fermi"}
    rows = [
        (
            row["set"],
            float(row["Ex_MeV"]),
            float(row["strength"]) * (row["kind"] == "Fermi"),
            float(row["strength"]) * (row["kind"] == "GT"),
            row["origin"],
        )
        for row in found
    ]
    for name, total in {"Bhattacharya2009": 25.685433, "Bhattacharya1998": 25.116134, "Liu1998": 25.369737}.items():
        assert abs(sum(row[3] for row in rows if row[0] == name) - total) < 1e-5, name
    header = {
        "title": "Allowed strengths of 40Ar(nu_e, e-)40K* in three published sets",
        "source": "M. Bhattacharya et al., Phys. Rev. C 80, 055501 (2009), (p,n), below 8 MeV; M. Bhattacharya et al., "
        "Phys. Rev. C 58, 3677 (1998), and W. Liu et al., Phys. Rev. C 58, 2677 (1998), beta decay of 40Ti, below 7 "
        "MeV; above QRPA, M.-K. Cheoun et al., Eur. Phys. J. A 48, 137 (2012); as in github.com/MARLEY-MC/marley",
        "excitation_MeV": "of 40K; levels of Nucl. Data Sheets 140, 1 (2017)",
        "gamow_teller_strength_gA2": "with g_A^2 inside: 1.26^2 for (p,n), 1.23^2 for QRPA, of beta decay as published",
        "origin": "measured or QRPA",
    }
    columns = ["set", "excitation_MeV", "fermi_strength", "gamow_teller_strength_gA2", "origin"]
    write_table(out / "ar40_to_k40.csv", header, columns, rows, MADE_BY)


def write_reactions(release, out):
    table = rows_of(release / "inclusive_tables.csv")
    rows, clipped = [], []
    for name, column, *_ in REACTIONS:
        values = [(float(row["E_MeV"]), float(row[column])) for row in table if row[column]]
        clipped += [f"{name} at {energy:g} MeV" for energy, value in values if value < 0.0]
        # of the zeros below a threshold only the last one matters
        start = max((i for i, (_, value) in enumerate(values) if value <= 0.0), default=0)
        rows += [(name, energy, max(value, 0.0)) for energy, value in values[start:]]
    assert clipped == [f"Ar40-neutral at {energy} MeV" for energy in ("8", "8.5", "9")], clipped
    header = {
        "title": "Inclusive cross sections of neutrinos on nuclei, linear between knots",
        "source": f"tables that {SNOWGLOBES}, collects, resampled to the knots here; authors in its manual",
        "accuracy": "5 to 30 %; made for neutrinos of supernovae",
        "cross_section_1e42cm2": f"per nucleus, 1e-42 cm^2; negative in the source and zero here: {', '.join(clipped)}",
    }
    columns = ["reaction", "energy_MeV", "cross_section_1e42cm2"]
    write_table(out / "inclusive_cross_sections.csv", header, columns, rows, MADE_BY)
    header = {
        "title": "What the tables of inclusive cross sections are of",
        "source": f"{SNOWGLOBES}; masses recalled",
        "missing_MeV": "energy that goes into masses (of a neutral current into the excitation), the physical "
        "threshold; the table may begin above it",
        "neutrinos": "what reacts; of neutral currents the table is that of nu_e, taken for all others",
    }
    columns = ["reaction", "target", "current", "neutrinos", "missing_MeV", "formula"]
    rows = [(name, target, *rest) for name, _, target, *rest in REACTIONS]
    write_table(out / "inclusive_reactions.csv", header, columns, rows, MADE_BY)


def write_measurements(out):
    header = {
        "title": "Measured flux-averaged cross sections of neutrinos on nuclei",
        "source": f"{REVIEW}, as shown in a talk of 2023; 127I by COHERENT, Phys. Rev. Lett. 131, 221801 (2023)",
        "numbers": "1e-42 cm^2 per nucleus; a total error stands as the statistical one; theory 0 to 0 where there is "
        "none",
    }
    numbers = ("measured", "statistical_up", "statistical_down", "systematic", "theory_low", "theory_high")
    columns = ["target", "reaction", "flux", "experiment", *(f"{name}_1e42cm2" for name in numbers)]
    write_table(out / "flux_averages.csv", header, columns, MEASUREMENTS, MADE_BY)


def main():
    release, out = release_and_out(__doc__, "nuclear")
    write_strengths(release, out)
    write_reactions(release, out)
    write_measurements(out)


if __name__ == "__main__":
    main()
