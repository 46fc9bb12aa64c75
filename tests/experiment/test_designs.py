"""Detectors of the catalogue that are descriptions alone: their counts by NumPy, from the numbers in their files.

Nothing of the package's cross sections, quenching, responses or times is used; only its tables of nuclides, facilities
and reactor spectra.
"""

import itertools
import math
import tomllib

import numpy as np
import pytest
from scipy.special import ndtr

from cevnsjax.experiment import named_experiment
from cevnsjax.experiment.catalogue import DESCRIPTIONS
from cevnsjax.flux import decay_at_rest_facility
from cevnsjax.tables import read_table
from cevnsjax.target import compound

MUON_MEV, LINE_MEV = 105.6583755, 29.79214091
FERMI2_CM2_PER_MEV2 = 5.2972708005e-44  # G_F^2 (hbar c)^2
COUPLINGS = {"nu_e": 0.0382, "nu_e_bar": 0.0382, "nu_mu": 0.0300, "nu_mu_bar": 0.0300}  # of protons, Erler and Su
MEV_PER_GW_S = 1e3 / 1.602176634e-19
ISOTOPES = ("U235", "U238", "Pu239", "Pu241")
ENERGY_PER_FISSION_MEV = dict(zip(ISOTOPES, (202.36, 205.99, 211.12, 214.26), strict=True))
FRACTIONS = dict(zip(ISOTOPES, (0.55, 0.07, 0.32, 0.06), strict=True))
TEXONO_YIELDS = dict(zip(ISOTOPES, (6.14, 7.08, 5.58, 6.42), strict=True))
# at beams, and at reactors; a bubble chamber takes least time
BEAMS = (
    "ess-ar",
    "ess-c3f8",
    "ess-csi",
    "ess-xe",
    "ess-ge",
    "ess-si",
    "coherent-lar-750kg",
    "coherent-sts-lar-10t",
    "coherent-ge-50kg",
    "coherent-csi-10kg",
    "coherent-nai-2500kg",
    "coherent-nai-3500kg",
    "coherent-ge-2026",
)
REACTORS = ("nugen", "texono", "nuxe", "miner-excess", "ricochet-excess", "nucleus-excess", "nucleus-excess-cresst")
QUICK = ("ess-ar",)


def described(name):
    return tomllib.loads(DESCRIPTIONS[name].read_text(encoding="utf-8"))


def days(content):
    per_kg = content.get("exposure_kg_days", content["mass_kg"] * content.get("exposure_days", 1.0))
    return per_kg / content["mass_kg"]


class Beam:
    """Pions that decay at rest: integrals over a Michel spectrum are polynomials, by antiderivatives."""

    def __init__(self, source, content):
        if source["kind"] == "PionDecayAtRest":
            protons, per_proton, baseline = (
                source[key] for key in ("protons_on_target", "neutrinos_per_proton", "baseline_m")
            )
            self.pulse = None
        else:
            facility = decay_at_rest_facility(source["facility"])
            seconds = days(content) * 86400.0
            protons = facility.beam_power_MW * seconds / (facility.proton_energy_MeV * 1.602176634e-19)
            per_proton, baseline = facility.neutrinos_per_proton, source.get("baseline_m", facility.baseline_m)
            self.pulse = (0.44, 0.15) if source["facility"].startswith("sns") else None
        self.fluence = protons * per_proton / (4e4 * math.pi * baseline**2)
        self.window = content.get("times", {}).get("edges_us", (0.0, np.inf))

    def ends_MeV(self):
        return (LINE_MEV, 0.5 * MUON_MEV)

    def in_time(self, lifetimes_us):
        """Share of the decays of a chain inside the window, for a Gaussian pulse; of a long pulse all are inside."""
        if self.pulse is None:
            return 1.0
        start = self.pulse[0] + self.pulse[1] * np.linspace(-8.0, 8.0, 4001)
        density = np.exp(-0.5 * ((start - self.pulse[0]) / self.pulse[1]) ** 2)

        def decayed(time):
            time = np.maximum(time, 0.0)
            if len(lifetimes_us) == 1:
                return -np.expm1(-time / lifetimes_us[0])
            first, second = lifetimes_us
            return 1.0 - (second * np.exp(-time / second) - first * np.exp(-time / first)) / (second - first)

        share = decayed(self.window[-1] - start) - decayed(self.window[0] - start)
        return (density * share).sum() / density.sum()

    def integrals(self, recoil, mass):
        """For each flavour the integral of spectrum times 1 - T/E - MT/(2 E^2), at recoils in MeV, and the share."""
        lowest = 0.5 * (recoil + np.sqrt(recoil**2 + 2.0 * mass * recoil))
        highest = 0.5 * MUON_MEV

        def polynomial(square, cube):
            def upto(energy):
                one = square * energy**3 / 3 + cube * energy**4 / 4
                inverse = square * energy**2 / 2 + cube * energy**3 / 3
                inverse_square = square * energy + cube * energy**2 / 2
                return one - recoil * inverse - 0.5 * mass * recoil * inverse_square

            return np.where(lowest < highest, upto(highest) - upto(np.minimum(lowest, highest)), 0.0)

        line = np.where(lowest < LINE_MEV, 1.0 - recoil / LINE_MEV - mass * recoil / (2.0 * LINE_MEV**2), 0.0)
        muon, pion = self.in_time((0.026033, 2.1969811)), self.in_time((0.026033,))
        yield "nu_e", muon * polynomial(96.0 / MUON_MEV**3, -192.0 / MUON_MEV**4)
        yield "nu_mu_bar", muon * polynomial(48.0 / MUON_MEV**3, -64.0 / MUON_MEV**4)
        yield "nu_mu", pion * line


class Core:
    """A reactor: straight lines between the knots of a table, on a grid that has all of them."""

    def __init__(self, source, content):
        strength, fractions = source["strength"], source.get("fission_fractions", FRACTIONS)
        baselines = np.atleast_1d(strength["baseline_m"])
        shares = np.atleast_1d(strength.get("power_shares", 1.0))
        fissions = strength["thermal_power_GW"] * (shares / baselines**2).sum() * MEV_PER_GW_S / (4e4 * math.pi)
        fissions /= sum(fraction * ENERGY_PER_FISSION_MEV[name] for name, fraction in fractions.items())
        table, capture = read_table("reactor/bestiole_2023.csv"), read_table("reactor/capture_bestiole_2023.csv")
        knots = np.union1d(table["energy_MeV"], capture["energy_MeV"])
        fine = np.unique(np.concatenate([np.linspace(a, b, 9) for a, b in itertools.pairwise(knots)]))
        density = np.zeros_like(fine)
        for name, fraction in fractions.items():
            values = np.interp(fine, table["energy_MeV"], table[f"{name}_per_fission_MeV"], right=0.0)
            scale = TEXONO_YIELDS[name] / np.trapezoid(values, fine) if source["spectra"] == "texono" else 1.0
            density += fraction * scale * values
        for name in ("U239", "Np239"):
            shape = np.interp(fine, capture["energy_MeV"], capture[f"{name}_per_MeV"], right=0.0)
            density += source.get("captures_per_fission", 0.6) * shape
        self.energy, self.density = fine, density
        self.fluence = fissions * days(content) * 86400.0

    def ends_MeV(self):
        return (self.energy[-1],)

    def integrals(self, recoil, mass):
        lowest = 0.5 * (recoil + np.sqrt(recoil**2 + 2.0 * mass * recoil))

        def above(power):
            values = self.density * self.energy**-power
            pieces = 0.5 * np.diff(self.energy) * (values[1:] + values[:-1])
            return np.interp(lowest, self.energy, np.append(np.cumsum(pieces[::-1])[::-1], 0.0))

        yield "nu_e_bar", np.maximum(above(0.0) - recoil * above(1.0) - 0.5 * mass * recoil * above(2.0), 0.0)


def lindhard(recoil, k, protons):
    eps = 11.5 * protons ** (-7.0 / 3.0) * recoil
    g = 3.0 * eps**0.15 + 0.7 * eps**0.6 + eps
    return recoil * k * g / (1.0 + k * g)


def seen(recoil, quenching, protons):
    """Ionisation energy, keV, of recoils in keV."""
    kind = quenching["kind"]
    if kind == "ConstantQuenching":
        return quenching["factor"] * recoil
    if kind == "PolynomialQuenching":
        return sum(c * (1e-3 * recoil) ** n for n, c in enumerate(quenching["coefficients"])) * recoil
    if kind == "Lindhard":
        return lindhard(recoil, quenching["k"], protons)
    if kind == "ElectronQuenching":  # W ln(1 + x)/x of the ions, Sorensen and Dahl's numbers for xenon
        k = 0.133 * 54 ** (2.0 / 3.0) / math.sqrt(131.293)
        ions = lindhard(recoil, k, 54) / (0.0138 * 2.04)
        box = 0.25 * 0.03 * ions
        return 0.0138 * ions * np.log1p(box) / box
    assert kind == "EnergyScale"
    return recoil


def kept(deposit, content):
    """Probability that a deposit is reconstructed between the first edge and the last."""
    resolution = content["response"]["resolution"]
    linear = resolution.get("fano", 0.0) * resolution.get("pair_energy_keV", 0.0)
    linear += resolution.get("stochastic_sqrt_keV", 0.0) ** 2
    noise, constant = resolution.get("noise_keV", 0.0), resolution.get("constant", 0.0)
    variance = noise**2 + linear * deposit + (constant * deposit) ** 2
    (axis,) = content["axes"]
    return ndtr((axis["high"] - deposit) / np.sqrt(variance)) - ndtr((axis["low"] - deposit) / np.sqrt(variance))


def by_hand(content):
    (source,) = content["sources"].values()
    flux = (Core if source["kind"] == "Reactor" else Beam)(source, content)
    target, total = compound(content["target"]), 0.0
    for name, nuclide in target.nuclides.items():
        protons, neutrons, mass = (float(x) for x in (nuclide.proton_number, nuclide.neutron_number, nuclide.mass_MeV))
        ends = [2.0 * energy**2 / (mass + 2.0 * energy) for energy in flux.ends_MeV()]
        # where the detector begins to see, in equal steps of the logarithm: 1e-7 of the end is far below
        pieces = [1e-7 * ends[0], *(ends[0] * 10.0 ** np.arange(-5.0, 0.0, 0.125)), *ends]
        x, w = np.polynomial.legendre.leggauss(64)
        low, high = np.array(pieces[:-1])[:, None], np.array(pieces[1:])[:, None]
        recoil = (0.5 * (high + low) + 0.5 * (high - low) * x).ravel()
        weight = (0.5 * (high - low) * w).ravel()
        q = np.sqrt(2.0 * mass * recoil) / 197.3269804
        size = q * 1.2 * (protons + neutrons) ** (1.0 / 3.0)
        form = 3.0 * (np.sin(size) - size * np.cos(size)) / size**3 / (1.0 + 0.49 * q**2)
        rate = sum(
            (protons * COUPLINGS[flavour] - neutrons * 0.5117) ** 2 * integral
            for flavour, integral in flux.integrals(recoil, mass)
        )
        rate = (
            FERMI2_CM2_PER_MEV2
            * mass
            / math.pi
            * form**2
            * rate
            * kept(seen(1e3 * recoil, content["quenching"], protons), content)
        )
        total += content["mass_kg"] * float(target.nuclei_per_kg(name)) * flux.fluence * (weight * rate).sum()
    return total


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in (*BEAMS, *REACTORS)]
)
def test_counts(name):
    expected = by_hand(described(name))
    np.testing.assert_allclose(float(named_experiment(name).signal().sum()), expected, rtol=1e-4)


def test_germanium_of_2026_is_that_of_before():
    """The same tables but for mass, protons and counts; the prediction scales with the first two."""
    before, now = described("coherent-ge-mini"), described("coherent-ge-2026")
    for key in ("quenching", "response", "axes", "samples", "nuisances", "target", "quantity"):
        assert before[key] == now[key], key
    sources = [each["sources"]["sns"] for each in (before, now)]
    masses = [each["mass_kg"] for each in (before, now)]
    protons = [source.pop("protons_on_target") * mass for source, mass in zip(sources, masses, strict=True)]
    assert sources[0] == sources[1]
    assert by_hand(described("coherent-ge-2026")) == pytest.approx(33.8 * protons[1] / protons[0], rel=2e-3)


def test_sodium_iodide_counts_sodium():
    """The mass is that of sodium in the crystals, and iodine cannot be seen above the threshold."""
    for tonnes, name in ((2.5, "coherent-nai-2500kg"), (3.5, "coherent-nai-3500kg")):
        content = described(name)
        assert content["mass_kg"] == pytest.approx(1e3 * tonnes * 22.98977 / (22.98977 + 126.90447), rel=1e-4)
        end_keV = 2e3 * (0.5 * MUON_MEV) ** 2 / (126.90447 * 931.494)
        assert 0.06 * end_keV == pytest.approx(2.8, abs=0.05)
        (axis,) = content["axes"]
        assert axis["low"] == pytest.approx(13.0 * content["quenching"]["factor"])


def test_solar_neutrinos_of_pandax():
    """3.5 and 75 events at 8.4e6 cm^-2 s^-1, and the published counts, backgrounds and exposures."""
    content = described("pandax-4t-8b")
    assert content["data"]["counts"] == [3.0, 332.0]
    assert content["exposure_days"] * content["mass_kg"] == pytest.approx(1.20e3 * 365.25)
    target, solar = compound("Xe"), Core.__new__(Core)
    tables = {name: read_table(f"solar/{name}.csv") for name in ("8B", "hep")}
    knots = np.union1d(*(table["energy_MeV"] for table in tables.values()))
    solar.energy = np.unique(np.concatenate([np.linspace(a, b, 5) for a, b in itertools.pairwise(knots)]))
    solar.density = sum(
        flux * np.interp(solar.energy, tables[name]["energy_MeV"], tables[name]["density_per_MeV"], right=0.0)
        for name, flux in (("8B", 1.0), ("hep", 7.98e3 / 5.46e6))
    )
    solar.fluence = 8.4e6 * content["exposure_days"] * 86400.0
    knots, templates = np.array(content["response"]["energies_keV"]), np.array(content["response"]["templates"])
    found = np.zeros(2)
    for name, nuclide in target.nuclides.items():
        protons, neutrons, mass = (float(x) for x in (nuclide.proton_number, nuclide.neutron_number, nuclide.mass_MeV))
        recoil = np.linspace(1e-3 * knots[0], 5e-3, 20_001)
        ((_, integral),) = solar.integrals(recoil, mass)
        q = np.sqrt(2.0 * mass * recoil) / 197.3269804
        size = q * 1.2 * (protons + neutrons) ** (1.0 / 3.0)
        form = 3.0 * (np.sin(size) - size * np.cos(size)) / size**3 / (1.0 + 0.49 * q**2)
        # a third of each flavour, more or less
        amplitude = form * (protons * 0.0313 - neutrons * 0.5117)
        rate = FERMI2_CM2_PER_MEV2 * mass / math.pi * amplitude**2 * integral
        each = [np.trapezoid(rate * np.interp(1e3 * recoil, knots, column), recoil) for column in templates.T]
        found += content["mass_kg"] * float(target.nuclei_per_kg(name)) * solar.fluence * np.array(each)
    np.testing.assert_allclose(found, [3.5, 75.0], rtol=5e-3)
