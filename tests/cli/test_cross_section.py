"""The command `cevnsjax cross-section`: the library's numbers, and what it refuses."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from cevnsjax.cross_section import (
    Coherent,
    ElectronScattering,
    ErlerSu,
    FlavourMatrix,
    LightVector,
    MagneticMoment,
    Millicharge,
    Panels,
    PDGLegacy,
    Tomalak21,
    TreeLevel,
    flux_averaged_cross_section,
    weak_charge,
)
from cevnsjax.experiment import Scattering
from cevnsjax.flux import MonoEnergetic, PionDecayAtRest, Source
from cevnsjax.target import ElectronShells, Helm, KleinNystrand, PointLike, compound, nuclide

FORM_FACTORS = {
    "klein-nystrand": KleinNystrand.from_mass_number,
    "helm": Helm.lewin_smith,
    "point": lambda _: PointLike(),
}
COUPLINGS = {"tree": TreeLevel, "pdg-legacy": PDGLegacy, "erler-su": ErlerSu, "tomalak21": Tomalak21}


def total(name, flux, couplings="erler-su", form_factor="klein-nystrand", terms=None):
    """Average over a flux without a threshold, cm^2."""
    terms = {"sm": COUPLINGS[couplings](), **(terms or {})}
    material = compound(name, FORM_FACTORS[form_factor])
    return 1e-40 * np.asarray(flux_averaged_cross_section(Coherent(terms), flux, material))


@pytest.mark.parametrize("couplings", COUPLINGS)
@pytest.mark.parametrize("form_factor", FORM_FACTORS)
def test_one_energy_is_the_library(cevnsjax, couplings, form_factor):
    arguments = ("--energy", 30, "--recoil", 5, "--neutrino", "nu_mu_bar", "--couplings", couplings)
    result = cevnsjax("cross-section", "Cs133", *arguments, "--form-factor", form_factor, "--json")
    assert result.err == ""
    target = nuclide("Cs133", FORM_FACTORS[form_factor])
    interaction = Coherent({"sm": COUPLINGS[couplings]()})
    point = interaction.differential_cross_section(jnp.array([30.0]), jnp.array([5.0]), target, "nu_mu_bar")
    found = result.json["differential_cross_section_cm2_per_keV"]["cevns"]["Cs133"]
    np.testing.assert_allclose(found, 1e-40 * float(point[0]), rtol=1e-14)
    found = result.json["cross_section_cm2"]["cevns"]["Cs133"]
    expected = total("[Cs133]", MonoEnergetic("nu_mu_bar", 30.0), couplings, form_factor)
    assert list(found) == ["nu_mu_bar"]
    np.testing.assert_allclose(found["nu_mu_bar"], expected[0], rtol=1e-11)


@pytest.mark.parametrize("target", ["Ge76", "[Ge76:0.87]", "(Li)6F", "CsI(Tl)0.001"])
def test_a_target_is_what_compound_reads(cevnsjax, target):
    content = cevnsjax("cross-section", target, "-E", 30, "--json").json
    material = compound(target)
    total_count = sum(float(count) for count in material.nuclei_per_formula_unit.values())
    assert {name: each["fraction"] for name, each in content["nuclides"].items()} == pytest.approx(
        {name: float(count) / total_count for name, count in material.nuclei_per_formula_unit.items()}, rel=1e-13
    )
    # the shell prints brackets as they are
    assert target in cevnsjax("cross-section", target, "-E", 30).out


def test_content(cevnsjax):
    """Every key of the JSON, and what stands there."""
    content = cevnsjax("cross-section", "CsI", "-E", 30, "-T", 5, "--set", "mass_MeV=0", "--json")
    assert content.code == 2  # not a parameter of the Standard Model
    arguments = ("--model", "zprime", "--set", "mass=10", "--set", "coupling=1e-4")
    content = cevnsjax("cross-section", "CsI", "-E", 30, "-T", 5, *arguments, "--json").json
    assert list(content) == [
        "target",
        "model",
        "set",
        "convention",
        "nuclides",
        "threshold_keV",
        "neutrino",
        "neutrino_energy_MeV",
        "largest_recoil_keV",
        "recoil_energy_keV",
        "differential_cross_section_cm2_per_keV",
        "cross_section_cm2",
    ]
    assert (content["target"], content["model"], content["neutrino"]) == ("CsI", "zprime", "nu_e")
    assert (content["neutrino_energy_MeV"], content["recoil_energy_keV"], content["threshold_keV"]) == (30.0, 5.0, 0.0)
    where = "interactions.cevns.terms.zprime."
    assert content["set"] == {f"{where}mass_MeV": 10.0, f"{where}coupling": 1e-4}
    assert list(content["convention"]) == ["couplings", "form_factor", "kinematics"]
    assert list(content["nuclides"]) == ["Cs133", "I127"]
    for name, row in content["nuclides"].items():
        target = nuclide(name)
        mass = float(target.mass_MeV)
        charges = weak_charge(ErlerSu(), target.proton_number, target.neutron_number)
        np.testing.assert_allclose(row["fraction"], 0.5, rtol=1e-14)
        np.testing.assert_allclose(row["mass_MeV"], mass, rtol=1e-14)
        largest = content["largest_recoil_keV"]["cevns"][name]
        np.testing.assert_allclose(largest, 2e3 * 900 / (mass + 60), rtol=1e-12)
        np.testing.assert_allclose(list(row["weak_charge"].values()), charges, rtol=1e-12)
        momentum = jnp.sqrt(jnp.array(2e-3 * mass * 5)) / 197.3269804
        for kind in ("proton", "neutron"):
            np.testing.assert_allclose(row[f"{kind}_form_factor"], target.proton_form_factor(momentum), rtol=1e-12)
        terms = {"zprime": LightVector(10.0, 1e-4)}
        expected = total(f"[{name}]", MonoEnergetic("nu_e", 30.0), terms=terms)
        np.testing.assert_allclose(content["cross_section_cm2"]["cevns"][name]["nu_e"], expected[0], rtol=1e-9)


def test_average_over_a_source(cevnsjax):
    content = cevnsjax("cross-section", "Ge", "--flux", "pion-decay-at-rest", "--json").json
    assert content["flux"] == "pion-decay-at-rest"
    assert "neutrino" not in content
    assert "differential_cross_section_cm2_per_keV" not in content
    averages = content["cross_section_cm2"]["cevns"]
    assert list(averages) == ["Ge70", "Ge72", "Ge73", "Ge74", "Ge76"]
    flux = PionDecayAtRest(1.0, 1e20, 20.0)
    for name, found in averages.items():
        assert list(found) == ["nu_mu", "nu_e", "nu_mu_bar"]
        np.testing.assert_allclose(list(found.values()), total(f"[{name}]", flux), rtol=1e-10)
    fractions = [row["fraction"] for row in content["nuclides"].values()]
    np.testing.assert_allclose(sum(fractions), 1.0, rtol=1e-12)
    mean = np.einsum("n,nc->c", fractions, [list(found.values()) for found in averages.values()])
    np.testing.assert_allclose(mean, total("Ge", flux), rtol=1e-10)


def test_threshold(cevnsjax):
    """Recoils above 3 keV alone; the Standard Model is finite without it."""
    arguments = ("cross-section", "Ar40", "--flux", "pion-decay-at-rest", "--couplings", "tree")
    whole = cevnsjax(*arguments, "--json").json["cross_section_cm2"]["cevns"]["Ar40"]
    content = cevnsjax(*arguments, "--threshold", 3, "--json").json
    assert content["threshold_keV"] == 3.0
    above = content["cross_section_cm2"]["cevns"]["Ar40"]
    flux, interaction, material = PionDecayAtRest(1.0, 1e20, 20.0), Coherent({"sm": TreeLevel()}), compound("[Ar40]")
    panels = Panels(3.0, np.inf, (), (((1.0, 32),), ((1.0, 32),)))  # one between two break points is enough here
    events = interaction.spectrum(interaction.nodes(flux, material, panels), flux, material).total()
    expected = events / (flux.fluence_per_cm2 * material.nuclei_per_kg("Ar40"))
    np.testing.assert_allclose(list(above.values()), expected, rtol=1e-10)
    assert all(above[name] < whole[name] for name in whole)


@pytest.mark.parametrize(
    ("model", "assignment"), [("magnetic-moment", "moment_ee=1e-9"), ("millicharge", "charge_ee=1e-7")]
)
def test_without_end(cevnsjax, model, assignment):
    """Exchange of a photon: infinite in JSON, a sentence in the table, finite above a threshold."""
    arguments = ("cross-section", "Ar40", "-E", 30, "--model", model, "--set", assignment)
    table = cevnsjax(*arguments)
    assert table.code == 0
    assert "grows without end: give --threshold" in " ".join(table.out.split())
    found = cevnsjax(*arguments, "--json").json["cross_section_cm2"]["cevns"]["Ar40"]["nu_e"]
    assert found is None or not np.isfinite(found)
    above = cevnsjax(*arguments, "--threshold", 0.1, "--json").json["cross_section_cm2"]["cevns"]["Ar40"]["nu_e"]
    assert np.isfinite(above)
    # another flavour has none of it
    other = cevnsjax(*arguments, "--neutrino", "nu_mu", "--json").json["cross_section_cm2"]["cevns"]["Ar40"]["nu_mu"]
    np.testing.assert_allclose(other, total("[Ar40]", MonoEnergetic("nu_mu", 30.0))[0], rtol=1e-10)


def zprime_by_quadrature(mass_MeV, coupling, energy=5.0):
    """Germanium-74 without structure and a universal vector mediator, cm^2, adaptive in the logarithm of the recoil."""
    fermi, nucleus = 1.1663788e-11, float(nuclide("Ge74").mass_MeV)
    largest = 2 * energy**2 / (nucleus + 2 * energy)
    standard_model = 32 * (0.5 - 2 * float(TreeLevel().weak_mixing_angle_sin2)) - 0.5 * 42

    def integrand(log_recoil):
        t = np.exp(log_recoil)
        charge = standard_model + 3 * 74 * coupling**2 / (np.sqrt(2) * fermi * (2 * nucleus * t + mass_MeV**2))
        kinematics = 1 - t / energy - nucleus * t / (2 * energy**2)
        return t * fermi**2 * nucleus / np.pi * charge**2 * kinematics

    # from far below the scale that the mediator sets, or the largest recoil
    scale = min(mass_MeV**2 / (2 * nucleus), largest)
    points = np.linspace(np.log(1e-12 * scale), np.log(largest), 25)
    pieces = [quad(integrand, a, b, epsabs=0, epsrel=1e-10)[0] for a, b in itertools.pairwise(points)]
    return sum(pieces) * (197.3269804e-13) ** 2


def zprime_arguments(mass, coupling):
    chosen = ("--model", "zprime", "--set", f"mass={mass!r}", "--set", f"coupling={coupling!r}")
    return ("cross-section", "Ge74", "--energy", 5, *chosen, "--couplings", "tree", "--form-factor", "point")


def test_light_mediator_ends(cevnsjax):
    """9 (Z + N)^2 g^4/(4 pi m^2) to a part in a thousand, whatever is small beside what."""
    result = cevnsjax(*zprime_arguments(9e-6, 1e-5))
    assert "without end" not in result.out
    found = cevnsjax(*zprime_arguments(9e-6, 1e-5), "--json").json["cross_section_cm2"]["cevns"]["Ge74"]["nu_e"]
    assert found == pytest.approx(1.885e-28, rel=5e-4)
    closed = 9 * 74**2 * 1e-20 / (4 * np.pi * 8.1e-11) * (197.3269804e-13) ** 2
    assert found == pytest.approx(closed, rel=1e-3)


@pytest.mark.parametrize("mass", [1e-9, 1e-7, 9e-6, 1e-3, 0.05, 1.0, 5.0, 30.0, 1e3])
def test_mediators_of_any_mass(cevnsjax, mass):
    """Adaptive quadrature; at 1e-9 MeV the recoil that matters is 7e-24 MeV."""
    coupling = 1e-5 if mass < 10.0 else 1e-3
    found = cevnsjax(*zprime_arguments(mass, coupling), "--json").json["cross_section_cm2"]["cevns"]["Ge74"]["nu_e"]
    np.testing.assert_allclose(found, zprime_by_quadrature(mass, coupling), rtol=1e-6)


@pytest.mark.parametrize("term", [MagneticMoment(FlavourMatrix(ee=1e-9)), Millicharge(FlavourMatrix(ee=1e-7))])
@pytest.mark.parametrize("binding_keV", [0.0, 0.05])
def test_photon_exchange_with_electrons(term, binding_keV):
    """Without end on free electrons; what a binding energy stops is finite."""
    flux, material = MonoEnergetic("nu_e", 3.0), compound("[C12]")
    interaction = ElectronScattering({"term": term}, ElectronShells([binding_keV], [6.0]))
    scattering = Scattering(material, {"electrons": interaction}, {"source": Source.steady(flux)})
    found = scattering.averaged_cross_sections()["electrons"]["C12"]["source"]
    above = scattering.averaged_cross_sections(0.05)["electrons"]["C12"]["source"]
    assert float(above[0]) > 0.0
    if binding_keV:
        np.testing.assert_allclose(found, above, rtol=1e-9)
    else:
        assert np.isposinf(float(found[0]))


def test_single_precision_knows_what_ends(cevnsjax):
    """Fewer powers of ten fit in: a mediator of a keV ends, a photon does not."""
    light = cevnsjax(*zprime_arguments(1e-3, 1e-5), "--precision", "float32", "--json").json
    found = light["cross_section_cm2"]["cevns"]["Ge74"]["nu_e"]
    np.testing.assert_allclose(found, zprime_by_quadrature(1e-3, 1e-5), rtol=1e-4)
    photon = ("--model", "magnetic-moment", "--set", "moment_ee=1e-9", "--precision", "float32")
    assert "grows without end" in " ".join(cevnsjax("cross-section", "Ar40", "-E", 30, *photon).out.split())


def test_magnetic_moment_above_a_threshold(cevnsjax):
    """(pi alpha^2/m_e^2) mu^2 Z^2 [ln(T_max/T) - (T_max - T)/E] for a nucleus without structure."""
    arguments = ("cross-section", "Ar40", "-E", 30, "--threshold", 1, "--form-factor", "point")
    standard = cevnsjax(*arguments, "--json").json["cross_section_cm2"]["cevns"]["Ar40"]["nu_e"]
    moment = ("--model", "magnetic-moment", "--set", "moment_ee=1e-9")
    found = cevnsjax(*arguments, *moment, "--json").json["cross_section_cm2"]["cevns"]["Ar40"]["nu_e"]
    largest = 2 * 900 / (float(nuclide("Ar40").mass_MeV) + 60)
    expected = 2.49467202e-25 * 1e-18 * 18**2 * (np.log(largest / 1e-3) - (largest - 1e-3) / 30)
    np.testing.assert_allclose(found - standard, expected, rtol=1e-7)


def test_with_electrons(cevnsjax):
    content = cevnsjax("cross-section", "C12", "-E", 30, "-T", 5, "--model", "sm+electrons", "--json").json
    assert list(content["cross_section_cm2"]) == ["cevns", "electrons"]
    # six electrons at sin^2 theta_W = 0.23863; binding leaves 4e-6 of it out
    np.testing.assert_allclose(
        content["cross_section_cm2"]["electrons"]["C12"]["nu_e"], 6 * 2.8871902965e-43, rtol=1e-5
    )
    point = ElectronScattering.on(compound("[C12]")).differential_cross_section(
        jnp.array([30.0]), jnp.array([5.0]), nuclide("C12"), "nu_e"
    )
    found = content["differential_cross_section_cm2_per_keV"]["electrons"]["C12"]
    np.testing.assert_allclose(found, 1e-40 * float(point[0]), rtol=1e-12)


def test_dipole_portal(cevnsjax):
    """Its own interaction; zero where the heavy neutrino cannot be made."""
    arguments = ("cross-section", "Ar40", "-E", 30, "-T", 5, "--model", "dipole-portal", "--set", "moment=1e-9")
    light, heavy = (cevnsjax(*arguments, "--set", f"mass={mass}", "--json").json for mass in (5, 40))
    assert light["cross_section_cm2"]["dipole_portal"]["Ar40"]["nu_e"] > 0.0
    assert heavy["cross_section_cm2"]["dipole_portal"]["Ar40"]["nu_e"] == 0.0
    assert heavy["differential_cross_section_cm2_per_keV"]["dipole_portal"]["Ar40"] == 0.0


def test_table(cevnsjax):
    result = cevnsjax("cross-section", "CsI", "-E", 30, "-T", 5, "--threshold", 0.5)
    assert (result.code, result.err) == (0, "")
    text = " ".join(result.out.split())
    for words in (
        "CsI, nu_e of 30 MeV, model sm, recoils above 0.5 keV",
        "Cs133",
        "I127",
        "sigma (cm^2)",
        "weak charge",
    ):
        assert words in text
    assert "cevns, nu_e: mean per nucleus" in text
    assert "couplings: erler-su: Radiative corrections" in text
    assert "kinematics: spin 0, q^2 = 2MT; nuclear masses" in text
    json = cevnsjax("cross-section", "CsI", "-E", 30, "-T", 5, "--threshold", 0.5, "--json").json
    for isotope in ("Cs133", "I127"):
        assert f"{json['cross_section_cm2']['cevns'][isotope]['nu_e']:.9e}" in text


def test_help_and_precision(cevnsjax):
    text = cevnsjax("cross-section", "--help").out
    assert "Examples:" in text
    assert "cevnsjax cross-section Cs133 --energy 30 --recoil 5" in text
    single = cevnsjax("cross-section", "Ar40", "-E", 30, "--precision", "float32", "--json").json
    with jax.enable_x64(True):
        expected = total("[Ar40]", MonoEnergetic("nu_e", 30.0))[0]
    np.testing.assert_allclose(single["cross_section_cm2"]["cevns"]["Ar40"]["nu_e"], expected, rtol=3e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Ar40",), ("Give either --energy (a neutrino energy in MeV) or --flux (a source).",)),
        (("Ar40", "-E", 30, "--flux", "pion-decay-at-rest"), ("Give either --energy",)),
        (("Ar40", "--flux", "pion-decay-at-rest", "-T", 5), ("--recoil needs --energy",)),
        (("Ar40", "--energy=-30"), ("--energy must be above zero and finite, in MeV, got -30",)),
        (("Ar40", "-E", 0), ("--energy must be above zero",)),
        (("Ar40", "-E", 30, "--recoil=-5"), ("--recoil must be above zero and finite, in keV, got -5",)),
        (("Ar40", "-E", 30, "--threshold=-1"), ("--threshold must be zero or above and finite, in keV, got -1",)),
        (("Cs130", "-E", 30), ("Cs130 is no isotope in the table", "Cs133")),
        (("Ge76O2", "-E", 30), ("'Ge76O2'", "Ge76 may be an isotope, [Ge76], or 76 atoms, (Ge)76")),
        (("CsI[Na]", "-E", 30), ("[Na] names no isotope",)),
        (("H2", "-E", 30), ("H2 may be hydrogen",)),
        (("Xq", "-E", 30), ("'Xq'",)),
        (("not a target", "-E", 30), ("formula must be element symbols", "'not a target'")),
        (("Ar40", "-E", 30, "--neutrino", "nu_x"), ("no neutrino called 'nu_x'", "'nu_e'")),
        (("Ar40", "--flux", "reactor"), ("no source called 'reactor'", "reactor-texono")),
        (("Ar40", "--flux", "reactor-texono", "--neutrino", "nu_e"), ("has neutrinos of its own, nu_e goes with",)),
        (("Ar40", "--flux", "solar", "--layout", "honda"), ("has neutrinos of its own, honda goes with a file",)),
        (("Ar40", "-E", 30, "--layout", "honda"), ("--layout is that of a file of --flux",)),
        (("Ar40", "--flux", "x.dat", "--layout", "hondas"), ("did you mean 'honda'",)),
        (("Ar40", "--flux", "x.dat", "--layout", "honda", "--neutrino", "nu_e"), ("leave component out",)),
        (("Ar40", "--flux", "none.csv"), ("none.csv cannot be read",)),
        (("Ar40", "-E", 30, "-T", 100), ("--recoil must be at most 48.", "got 100 keV")),
        (("Ar40", "-E", 30, "--model", "zprim"), ("no model called 'zprim'", "'zprime'")),
        (("Ar40", "-E", 30, "--model", "sm-axial"), ("An axial term needs a nucleus with spin", "Ar40 has spin 0")),
        (("Xe129", "-E", 30, "--model", "sm-axial"), ("no spin matrix elements for Z = 54, A = 129",)),
        (("Ar40", "-E", 30, "--model", "zprime", "--set", "mass=-1"), ("mass_MeV must be zero or positive",)),
        (("Ar40", "-E", 30, "--model", "sterile"), ("'sterile' needs sources at a distance; 'source' has none",)),
        (("Ar40", "-E", 30, "--set", "no_such=1"), ("no parameter or path called 'no_such'",)),
    ],
)
def test_refused(cevnsjax, arguments, words):
    sentence = cevnsjax("cross-section", *arguments).sentence
    for word in words:
        assert word in sentence


def test_largest_recoils_are_those_of_each_interaction(cevnsjax):
    """An electron takes nearly all; a heavy neutrino leaves less for the nucleus, and nothing below threshold."""
    arguments = ("cross-section", "Ar40", "--energy", "30", "--model", "dipole-portal+electrons", "--json")
    largest = cevnsjax(*arguments, "--set", "mass=20").json["largest_recoil_keV"]
    mass, electron = float(nuclide("Ar40").mass_MeV), 0.51099895
    np.testing.assert_allclose(largest["cevns"]["Ar40"], 2e3 * 900 / (mass + 60), rtol=1e-12)
    np.testing.assert_allclose(largest["electrons"]["Ar40"], 2e3 * 900 / (electron + 60), rtol=1e-12)
    # two-body kinematics in the centre of mass, boosted back
    s = mass**2 + 2 * mass * 30.0
    energy = (s + mass**2 - 400.0) / (2 * np.sqrt(s))
    momentum = np.sqrt(energy**2 - mass**2)
    upper = ((30.0 + mass) * energy + 30.0 * momentum) / np.sqrt(s) - mass
    np.testing.assert_allclose(largest["dipole_portal"]["Ar40"], 1e3 * upper, rtol=1e-6)
    below = cevnsjax(*arguments, "--set", "mass=31").json
    assert below["largest_recoil_keV"]["dipole_portal"]["Ar40"] == 0.0


def test_weak_charge_follows_the_mixing_angle(cevnsjax):
    arguments = ("cross-section", "Cs133", "--energy", "30", "--couplings", "tree", "--model", "sm-sw2", "--json")
    content = cevnsjax(*arguments, "--set", "weak_mixing_angle_sin2=0.25").json
    np.testing.assert_allclose(content["nuclides"]["Cs133"]["weak_charge"]["nu_mu"], -78.0, rtol=1e-12)
