"""Write data/peers.csv: dsigma/dT without form factor from runs of five public codes.

Usage: python data/build/peers.py REFERENCE_JSON [--out FILE]. REFERENCE_JSON holds, for each code, its commit and
entries with the function that was called, the recoil energies and the output, to ten digits. Codes that have no
switch for the form factor in some function: the output is divided by the F^2 of the same code at the same point.
"""

import argparse
import json
from pathlib import Path

COLUMNS = (
    "code,interaction,nucleus,nucleus_mass_MeV,neutrino_energy_MeV,recoil_energy_keV,cross_section_cm2_per_keV,"
    "relative_rounding"
)
CODES = {
    "pyCEvNS": "athompson-tamu/pyCEvNS",
    "bradkav-CEvNS": "bradkav/CEvNS",
    "ricochet": "joejohnston203/ricochet_cevns_spectra",
    "reactor-nu-cevns": "RitterCat/reactor-nu-cevns",
    "SNuDD": "SNuDD/SNuDD",
}
MASS_UNITS_MEV = {"bradkav-CEvNS": 931.5, "ricochet": 931.49410242}
INTERACTIONS = {
    "dsigma_dT_SM": {"": "sm"},
    "dsigma_dT_NSI": {
        "epu['ee']": "nsi-ee-up",
        "epu['et']": "nsi-etau-up",
        "Eps_u_e": "nsi-ee-up",
        "Eps_u_tau": "nsi-etau-up",
        "eps_ee": "nsi-ee-up",
    },
    "dsigma_dT_Zprime_total(SM+Zp)": {"": "light-vector"},
    "dsigma_dT_scalar(extra only)": {"": "light-scalar"},
}


def interaction(entry):
    """Our name of what an entry holds; None for what is left out."""
    for start, name in INTERACTIONS.get(entry["kind"], {}).items():
        if start in entry["function"]:
            return name
    return None


def without_form_factor(entry, standard_model):
    """Cross sections at F = 1, and how far rounding to ten digits may move them."""
    if "out_F1" in entry:
        return entry["out_F1"], 5e-10
    assert entry["T_keV"] == standard_model["T_keV"]
    squared = [a / b for a, b in zip(standard_model["out"], standard_model["out_F1"], strict=True)]
    return [value / f2 for value, f2 in zip(entry["out"], squared, strict=True)], 1.5e-9


def rows(code, peer, mass_numbers):
    standard_model = {(e["nucleus"], e["Enu_MeV"]): e for e in peer["entries"] if e["kind"] == "dsigma_dT_SM"}
    for entry in peer["entries"]:
        name = interaction(entry)
        if name is None:
            continue
        nucleus, energy = entry["nucleus"], entry["Enu_MeV"]
        same = standard_model[nucleus, energy]
        mass = same["M_MeV"] if "M_MeV" in same else mass_numbers[nucleus] * MASS_UNITS_MEV[code]
        values, rounding = without_form_factor(entry, same)
        for recoil, value in zip(entry["T_keV"], values, strict=True):
            yield f"{code},{name},{nucleus},{mass:.14g},{energy:g},{recoil:g},{value:.10g},{rounding:g}"


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("reference", type=Path, help="JSON file with the runs")
    default = Path(__file__).resolve().parents[1] / "peers.csv"
    parser.add_argument("--out", type=Path, default=default, help="file to write (default: the packaged one)")
    arguments = parser.parse_args()
    reference = json.loads(arguments.reference.read_text(encoding="utf-8"))
    mass_numbers = {name: sum(numbers) for name, numbers in reference["grid"]["nuclei"].items()}
    peers = {code: reference["peers"][repository] for code, repository in CODES.items()}
    table = [row for code, peer in peers.items() for row in rows(code, peer, mass_numbers)]
    header = {
        "title": "dsigma/dT of electron neutrinos without form factor (F = 1), from runs of public codes",
        "source": "each code was run at its own constants, for this project",
        "made_by": "data/build/peers.py",
        "rows": len(table),
        "interaction": "sm; nsi-ee-up and nsi-etau-up: with eps^u = 0.1; light-vector: sm and a Z' of 10 MeV with "
        "g_nu g_q = 1e-8; light-scalar: a scalar of 10 MeV alone with g_nu g_q = 1e-8",
        "cross_section_cm2_per_keV": "bradkav-CEvNS beyond sm: its output over its own F^2 at the same point",
        "relative_rounding": "how far the ten digits of the output may be off",
        "omitted": "magnetic moments of bradkav-CEvNS: they differ from 1/T - 1/E by 5e-7 at most, "
        "the size of T/(4E^2)",
    }
    header |= {code: f"github.com/{CODES[code]}, commit {peer['commit']}" for code, peer in peers.items()}
    lines = [f"# {key}: {value}" for key, value in header.items()]
    arguments.out.write_text("\n".join([*lines, COLUMNS, *table]) + "\n", encoding="utf-8")
    print(f"{arguments.out.name}: {len(table)} rows")


if __name__ == "__main__":
    main()
