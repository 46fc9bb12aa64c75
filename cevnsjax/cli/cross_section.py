"""``cevnsjax cross-section``: one number at the shell."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from cevnsjax.cli.common import (
    DEFAULT_MODEL,
    JsonOption,
    ModelOption,
    PrecisionOption,
    SetOption,
    configure_jax,
    examples,
    print_json,
    reports_errors,
)
from cevnsjax.cli.cross_section_table import print_table, table_rows, table_title
from cevnsjax.cli.formats import CsvOption, Format, LatexOption, chosen_format, print_rows
from cevnsjax.cli.settings import apply_settings, parse_numbers
from cevnsjax.errors import CevnsjaxError

if TYPE_CHECKING:
    from cevnsjax.experiment import Scattering
    from cevnsjax.target import Material

CROSS_SECTION_EXAMPLES = examples(
    "cevnsjax cross-section Cs133 --energy 30 --recoil 5",
    "cevnsjax cross-section Ar --energy 30 --recoil 20 --neutrino nu_mu_bar --couplings tree --form-factor helm",
    "cevnsjax cross-section '[Ge76:0.87]' --flux pion-decay-at-rest",
    "cevnsjax cross-section Ge --flux reactor-bestiole-2023 --threshold 0.5",
    "cevnsjax cross-section Ar --flux livermore.dat --layout snowglobes",
    "cevnsjax cross-section CsI --energy 30 --recoil 5 --model zprime --set mass=10 --set coupling=1e-4 --json",
)


class Couplings(StrEnum):
    """Couplings of the Standard Model."""

    tree = "tree"
    pdg_legacy = "pdg-legacy"
    erler_su = "erler-su"
    tomalak21 = "tomalak21"


class FormFactor(StrEnum):
    """Nuclear form factors."""

    klein_nystrand = "klein-nystrand"
    helm = "helm"
    point = "point"


@reports_errors
def cross_section(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="A nuclide like Cs133, or a formula like CsI, Ge or Bi4(GeO4)3.")
    ],
    energy: Annotated[float | None, typer.Option("--energy", "-E", metavar="MEV", help="Neutrino energy, MeV.")] = None,
    recoil: Annotated[
        float | None, typer.Option("--recoil", "-T", metavar="KEV", help="Recoil energy of dsigma/dT, keV.")
    ] = None,
    flux: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="Average over this source instead: pion-decay-at-rest, solar, atmospheric, chromium-51, argon-37, "
            "reactor-SPECTRA (like reactor-bestiole-2023), or a file of a flux.",
        ),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(help="Layout of a file of --flux without names and units: snowglobes, globes or honda."),
    ] = None,
    neutrino: Annotated[
        str | None,
        typer.Option(
            help="nu_e, nu_mu or nu_tau, with _bar for antineutrinos, of --energy, or of a file of --flux that names "
            "none.",
            show_default="nu_e",
        ),
    ] = None,
    threshold: Annotated[float, typer.Option(metavar="KEV", help="Smallest recoil energy that counts, keV.")] = 0.0,
    model: ModelOption = None,
    set_values: SetOption = None,
    couplings: Annotated[
        Couplings, typer.Option(case_sensitive=False, help="Couplings of the Standard Model.")
    ] = Couplings.erler_su,
    form_factor: Annotated[
        FormFactor, typer.Option(case_sensitive=False, help="Nuclear form factor.")
    ] = FormFactor.klein_nystrand,
    precision: PrecisionOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    as_latex: LatexOption = False,
) -> None:
    """Print cross sections of a model on a nucleus or a material: at one energy, or averaged over a source."""
    form = chosen_format(as_json, as_csv, as_latex)
    model = model or DEFAULT_MODEL
    if (energy is None) == (flux is None):
        raise CevnsjaxError("Give either --energy (a neutrino energy in MeV) or --flux (a source).")
    if recoil is not None and energy is None:
        raise CevnsjaxError("--recoil needs --energy: dsigma/dT is that of one neutrino energy.")
    _check_energies(energy, recoil, threshold)
    if layout is not None and flux is None:
        raise CevnsjaxError("--layout is that of a file of --flux.")
    configure_jax(precision)
    from cevnsjax.cross_section import Coherent
    from cevnsjax.experiment import Scattering
    from cevnsjax.flux import MonoEnergetic, Source, named_flux
    from cevnsjax.models import named_model

    chosen, material = named_model(model), _material(target, form_factor)
    kind = neutrino or "nu_e"
    source = Source.steady(
        MonoEnergetic(kind, energy) if energy is not None else named_flux(str(flux), neutrino, layout)
    )
    bare = Scattering(material, {"cevns": Coherent({"sm": _standard_model(couplings)})}, {"source": source})
    scattering, values = apply_settings(chosen.prepared(bare), chosen, parse_numbers(set_values))
    content: dict[str, Any] = {
        "target": target,
        "model": model,
        "set": values,
        "convention": _convention(couplings, form_factor, material),
        "nuclides": _nuclides(scattering, recoil),
        "threshold_keV": threshold,
    }
    if energy is not None:
        content |= {"neutrino": kind, "neutrino_energy_MeV": energy}
        content["largest_recoil_keV"] = _largest_recoils(scattering, energy)
        _check_recoil(recoil, content["largest_recoil_keV"])
    else:
        content |= {"flux": flux}
    if energy is not None and recoil is not None:
        content["recoil_energy_keV"] = recoil
        content["differential_cross_section_cm2_per_keV"] = _differential(scattering, energy, recoil, kind)
    content["cross_section_cm2"] = _averages(scattering, threshold)
    if form is Format.json:
        print_json(content)
    elif form is Format.text:
        print_table(content)
    else:
        print_rows(form, table_rows(content), table_title(content))


def _standard_model(couplings: Couplings):
    from cevnsjax.cross_section import ErlerSu, PDGLegacy, Tomalak21, TreeLevel

    kinds = {
        Couplings.tree: TreeLevel,
        Couplings.pdg_legacy: PDGLegacy,
        Couplings.erler_su: ErlerSu,
        Couplings.tomalak21: Tomalak21,
    }
    return kinds[couplings]()


def _material(target: str, form_factor: FormFactor) -> "Material":
    """Build the material of a formula."""
    from cevnsjax.target import FORM_FACTORS, compound

    return compound(target, FORM_FACTORS[form_factor])


def _check_energies(energy: float | None, recoil: float | None, threshold: float) -> None:
    """Refuse energies that are none."""
    for option, value, unit in (("--energy", energy, "MeV"), ("--recoil", recoil, "keV")):
        if value is not None and not 0.0 < value < np.inf:
            raise CevnsjaxError(f"{option} must be above zero and finite, in {unit}, got {value:g}.")
    if not 0.0 <= threshold < np.inf:
        raise CevnsjaxError(f"--threshold must be zero or above and finite, in keV, got {threshold:g}.")


def _check_recoil(recoil: float | None, largest: dict[str, dict[str, float]]) -> None:
    """Refuse a recoil that no interaction can give."""
    most = max(energy for each in largest.values() for energy in each.values())
    if recoil is not None and recoil > most:
        raise CevnsjaxError(
            f"--recoil must be at most {most:.6g} keV, the largest recoil there is, got {recoil:g} keV."
        )


def _convention(couplings: Couplings, form_factor: FormFactor, material: "Material") -> dict[str, str]:
    term = _standard_model(couplings)
    shape = next(iter(material.nuclides.values())).proton_form_factor
    return {
        "couplings": f"{couplings}: {(type(term).__doc__ or '').splitlines()[0]}",
        "form_factor": f"{form_factor}: {(type(shape).__doc__ or '').splitlines()[0]}",
        "kinematics": "spin 0, q^2 = 2MT; nuclear masses",
    }


def _nuclides(scattering: "Scattering", recoil: float | None) -> dict[str, dict[str, Any]]:
    """Mass, weak charges of the Standard Model, and form factors at the recoil energy, of every nuclide."""
    import jax.numpy as jnp

    from cevnsjax.constants import HBAR_C_MEV_FM
    from cevnsjax.cross_section import weak_charge
    from cevnsjax.paths import get_path

    standard_model = get_path(scattering, "interactions.cevns.terms.sm")
    total = sum(float(count) for count in scattering.target.nuclei_per_formula_unit.values())
    rows = {}
    for name, nuclide in scattering.target.nuclides.items():
        mass = float(nuclide.mass_MeV)
        charges = np.asarray(weak_charge(standard_model, nuclide.proton_number, nuclide.neutron_number), dtype=float)
        rows[name] = {
            "fraction": float(scattering.target.nuclei_per_formula_unit[name]) / total,
            "mass_MeV": mass,
            "weak_charge": dict(zip(("nu_e", "nu_mu", "nu_tau"), charges.tolist(), strict=True)),
        }
        if recoil is not None:
            momentum = jnp.sqrt(jnp.asarray(2e-3 * mass * recoil, dtype=float)) / HBAR_C_MEV_FM
            rows[name]["proton_form_factor"] = float(nuclide.proton_form_factor(momentum))
            rows[name]["neutron_form_factor"] = float(nuclide.neutron_form_factor(momentum))
    return rows


def _largest_recoils(scattering: "Scattering", energy: float) -> dict[str, dict[str, float]]:
    """Largest recoil energy of each interaction on each nuclide, keV."""
    import jax.numpy as jnp

    at = jnp.asarray(energy, dtype=float)
    return {
        name: {isotope: float(each.largest_recoil_keV(at, n)) for isotope, n in scattering.target.nuclides.items()}
        for name, each in scattering.interactions.items()
    }


def _differential(scattering: "Scattering", energy: float, recoil: float, neutrino: str) -> dict[str, dict[str, float]]:
    found = scattering.differential_cross_sections(energy, recoil, neutrino)
    return {name: {isotope: 1e-40 * float(v) for isotope, v in each.items()} for name, each in found.items()}


def _averages(scattering: "Scattering", threshold: float) -> dict[str, dict[str, dict[str, float]]]:
    found = scattering.averaged_cross_sections(threshold)
    components = scattering.sources["source"].flux.components
    return {
        name: {
            isotope: dict(zip(components, (1e-40 * np.asarray(values["source"], dtype=float)).tolist(), strict=True))
            for isotope, values in each.items()
        }
        for name, each in found.items()
    }
