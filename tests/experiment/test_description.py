"""Experiments from files: what they say is what Python says, and what cannot be read is refused with a sentence."""

import inspect
import re
import shutil
import tomllib
from pathlib import Path

import jax
import numpy as np
import numpyro.distributions as dist
import pytest

from cevnsjax.cross_section import Coherent, ErlerSu
from cevnsjax.errors import CevnsjaxError
from cevnsjax.experiment import (
    NO_TIMES,
    Axis,
    DescriptionError,
    Experiment,
    TabulatedBackground,
    named_experiment,
    read_experiment,
    unseen_sources,
)
from cevnsjax.experiment.catalogue import DESCRIPTIONS
from cevnsjax.experiment.description.block import convert
from cevnsjax.experiment.description.kinds import fields_of, kinds_of
from cevnsjax.experiment.description.schema import description_schema
from cevnsjax.experiment.description.special import nuisance
from cevnsjax.experiment.description.where import Where
from cevnsjax.flux import AbstractArrival, AbstractSource, Source, TabulatedFlux
from cevnsjax.parameter import Parameter
from cevnsjax.quenching import AbstractQuenching, TabulatedQuenching
from cevnsjax.response import AbstractResponse, GaussianResponse, Resolution, TabulatedEfficiency, TimeWindow
from cevnsjax.target import compound

FOLDER = Path(__file__).parent / "own_detector"
DETECTOR = (FOLDER / "detector.toml").read_text()


@pytest.fixture(scope="module")
def detector():
    return read_experiment(FOLDER / "detector.toml")


def test_is_short():
    assert len(DETECTOR.splitlines()) <= 40


def test_own_detector(detector):
    """The same detector in Python, its tables converted by hand: the signal and everything else."""

    def table(name, skip):
        return np.genfromtxt(FOLDER / name, delimiter="," if name != "efficiency.csv" else None, skip_header=skip)

    flux_per_m2_s_keV = np.genfromtxt(FOLDER / "flux.csv", delimiter=";", skip_header=1)
    flux = TabulatedFlux.from_columns(
        1e-3 * flux_per_m2_s_keV[:, 0], {"nu_e_bar": 1e-4 * 1e3 * flux_per_m2_s_keV[:, 1]}, 86400.0
    )
    quenching, efficiency, background = (
        table("quenching.csv", 2),
        table("efficiency.csv", 1),
        table("background.csv", 1),
    )
    edges = np.linspace(0.2, 1.0, 9)
    by_hand = Experiment(
        name="own-germanium",
        sources={"reactor": Source.steady(flux)},
        target=compound("Ge"),
        mass_kg=4.0,
        exposure_days=300.0,
        interactions={"cevns": Coherent({"sm": ErlerSu()})},
        quenching=TabulatedQuenching(quenching[:, 0], 1e-2 * quenching[:, 1]),
        response=GaussianResponse(
            edges,
            Resolution(noise_keV=0.05, fano=0.11, pair_energy_keV=0.00296),
            TabulatedEfficiency(1e-3 * efficiency[:, 0], efficiency[:, 1]),
        ),
        window=TimeWindow(NO_TIMES.edges),
        signal_norm=1.0,
        backgrounds={"radioactivity": TabulatedBackground(background[:, 0], background[:, 1])},
        samples={"counts": ("signal", "radioactivity")},
        observed=np.loadtxt(FOLDER / "counts.csv", skiprows=1).reshape(1, 8, 1),
        axes=(Axis("energy_keVee", edges), NO_TIMES),
        nuisances=(
            Parameter("reactor_flux_norm", dist.TruncatedNormal(1.0, 0.03, low=0.0), "sources.reactor.flux.norm"),
            Parameter("background_norm", dist.TruncatedNormal(1.0, 0.05, low=0.0), "backgrounds.radioactivity.norm"),
        ),
    )
    assert float(by_hand.signal().sum()) > 100.0
    np.testing.assert_allclose(detector.signal(), by_hand.signal(), rtol=1e-10, atol=1e-10 * by_hand.signal().max())
    np.testing.assert_allclose(detector.expected(), by_hand.expected(), rtol=1e-10)
    np.testing.assert_array_equal(detector.observed, by_hand.observed)
    assert detector.nuisances == by_hand.nuisances
    assert not detector.is_asimov
    assert not unseen_sources(detector)
    np.testing.assert_allclose(detector.log_likelihood(), by_hand.log_likelihood(), rtol=1e-9)


def test_an_experiment_by_path_and_with_others():
    joint = named_experiment(f"{FOLDER / 'detector.toml'},conus-plus")
    assert list(joint.parts) == ["own-germanium", "conus-plus"]


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_the_catalogue_is_valid(name):
    """Every file of the catalogue names itself, and says where its numbers come from."""
    content = tomllib.loads(DESCRIPTIONS[name].read_text(encoding="utf-8"))
    assert content["name"] == name
    assert len(content["source"]) > 100


@pytest.mark.parametrize("room", [AbstractSource, AbstractArrival, AbstractQuenching, AbstractResponse])
def test_every_public_block_has_a_kind(room):
    """And every kind says what it takes, in types that can be read."""
    kinds = kinds_of(room)
    package = inspect.getmodule(room).__name__.rpartition(".")[0]
    public = [name for name in __import__(package, fromlist=["x"]).__all__ if not name.startswith("Abstract")]
    made = [getattr(__import__(package, fromlist=["x"]), name) for name in public]
    assert {each.__name__ for each in made if inspect.isclass(each) and issubclass(each, room)} <= set(kinds)
    for make in kinds.values():
        fields_of(make)


def test_own_code(tmp_path):
    """A class in a file beside the description: run only where that is allowed."""
    (tmp_path / "mine.py").write_text(
        "import equinox as eqx\nimport jax\n"
        "from cevnsjax.arrays import as_float\nfrom cevnsjax.quenching import AbstractQuenching\n"
        "class Root(AbstractQuenching):\n    scale: jax.Array = eqx.field(converter=as_float)\n"
        "    def __call__(self, recoil_energy_keV):\n        return self.scale * recoil_energy_keV\n"
        "class Other: ...\n"
    )
    where = Where("x.toml", tmp_path, ("quenching",))
    table = {"kind": "mine:Root", "scale": 0.2}
    with pytest.raises(DescriptionError, match="--allow-code"):
        convert(table, AbstractQuenching, where)
    allowed = Where("x.toml", tmp_path, ("quenching",), allow_code=True)
    assert float(convert(table, AbstractQuenching, allowed)(2.0)) == pytest.approx(0.4)
    for kind, words in (
        ("mine:Rot", "no Quenching 'Rot'"),
        ("mine:Other", "no Quenching"),
        ("your:Root", "no file your"),
    ):
        with pytest.raises(DescriptionError, match=words):
            convert({**table, "kind": kind}, AbstractQuenching, allowed)
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(DescriptionError, match="ZeroDivisionError"):
        convert({**table, "kind": "broken:Root"}, AbstractQuenching, allowed)


def test_single_precision():
    with jax.enable_x64(False):
        rough = read_experiment(FOLDER / "detector.toml")
        assert rough.expected().dtype == np.float32


CHANGES = {
    # keys
    "unknown key": ("mass_kg = 4.0", "mas_kg = 4.0", "'mas_kg'; did you mean 'mass_kg'"),
    "missing key": ('target = "Ge"\n', "", "'target' is missing"),
    "missing mass": ("mass_kg = 4.0\n", "", "'mass_kg' is missing"),
    "missing name": ('name = "own-germanium"\n', "", "'name' is missing"),
    "missing quenching": (DETECTOR[DETECTOR.index("[quenching]") : DETECTOR.index("[response]")], "", "'quenching' is"),
    "missing axes": (DETECTOR[DETECTOR.index("[[axes]]") : DETECTOR.index("[backgrounds")], "", "'axes' is missing"),
    "unknown table": ("[data]", "[date]", "'date'; did you mean 'data'"),
    "unknown kind": ('"TabulatedQuenching"', '"TabulatedQuench"', "did you mean 'TabulatedQuenching'"),
    "kind in the wrong case": ('"GaussianResponse"', '"gaussianresponse"', "did you mean 'GaussianResponse'"),
    "kind of another room": ('"TabulatedQuenching"', '"GaussianResponse"', "no Quenching 'GaussianResponse'"),
    "abstract kind": ('"TabulatedQuenching"', '"AbstractQuenching"', "no Quenching"),
    "no kind": ('kind = "TabulatedFlux"\n', "", "'kind' is missing"),
    "kind is a number": ('kind = "TabulatedFlux"', "kind = 3", "some text is needed, got 3"),
    "empty kind": ('kind = "TabulatedFlux"', 'kind = " "', "some text is needed"),
    "unknown field": ("noise_keV = 0.05", "noise = 0.05", "'noise'; did you mean 'noise_keV'"),
    "field in another unit": ("noise_keV = 0.05", "noise_eV = 50", "did you mean 'noise_keV'"),
    "field in another case": ("noise_keV = 0.05", "noise_kev = 0.05", "did you mean 'noise_keV'"),
    "mass in grams": ("mass_kg = 4.0", "mass_g = 4000", "did you mean 'mass_kg'"),
    "exposure in years": ("exposure_days = 300.0", "exposure_years = 1", "did you mean 'exposure_days'"),
    "both exposures": (
        "exposure_days = 300.0",
        "exposure_days = 300.0\nexposure_kg_days = 3",
        "either 'exposure_days'",
    ),
    "unknown axis key": ("bins = 8", "bin = 8", "did you mean 'bins'"),
    "unknown data key": ('file = "counts.csv"', 'fil = "counts.csv"', "did you mean 'file'"),
    "unknown nuisance key": ("where =", "were =", "did you mean 'where'"),
    # numbers
    "negative mass": ("mass_kg = 4.0", "mass_kg = -4.0", "mass_kg must be positive"),
    "no mass": ("mass_kg = 4.0", "mass_kg = 0", "mass_kg must be positive"),
    "mass is text": ("mass_kg = 4.0", 'mass_kg = "4 kg"', "a number without quotes is needed, got '4 kg'"),
    "mass is a list": ("mass_kg = 4.0", "mass_kg = [4.0]", "a number is needed"),
    "mass is true": ("mass_kg = 4.0", "mass_kg = true", "a number is needed, got True"),
    "mass is infinite": ("mass_kg = 4.0", "mass_kg = inf", "must be finite"),
    "mass is nan": ("mass_kg = 4.0", "mass_kg = nan", "must be finite"),
    "mass is a table": ("mass_kg = 4.0", "mass_kg = {}", "a column of a file"),
    "mass is a date": ("mass_kg = 4.0", "mass_kg = 2020-01-01", "a number is needed"),
    "decimal comma": ("mass_kg = 4.0", "mass_kg = 4,0", "not valid TOML"),
    "no exposure": ("exposure_days = 300.0", "exposure_days = 0", "exposure_days must be positive"),
    "negative exposure": ("exposure_days = 300.0", "exposure_days = -1", "exposure_days must be positive"),
    "negative noise": ("noise_keV = 0.05", "noise_keV = -0.05", "noise_keV must be zero or positive"),
    "no resolution": ("{ noise_keV = 0.05, fano = 0.11, pair_energy_keV = 0.00296 }", "{}", "at least one term"),
    "resolution is a number": (
        "{ noise_keV = 0.05, fano = 0.11, pair_energy_keV = 0.00296 }",
        "0.05",
        "table is needed",
    ),
    "infinite noise": ("noise_keV = 0.05", "noise_keV = inf", "must be finite"),
    "noise is text": ("noise_keV = 0.05", "noise_keV = '0.05'", "without quotes"),
    # axes
    "axis without unit": ('"energy_keVee"', '"energy"', "give the axis a name with its unit"),
    "axis in another unit": ('"energy_keVee"', '"energy_GeV"', "needs 'edges_keV'"),
    "axis name is a number": ('name = "energy_keVee"', "name = 3", "some text is needed"),
    "axis descends": ("low = 0.2", "low = 2.0", "low must be below high"),
    "axis without low": ("low = 0.2\n", "", "'low' is missing"),
    "axis without bins": ("bins = 8\n", "", "'bins' is missing"),
    "half a bin": ("bins = 8", "bins = 8.5", "a whole number is needed, got 8.5"),
    "no bins": ("bins = 8", "bins = 0", "from 1 to 100000 bins"),
    "many bins": ("bins = 8", "bins = 1000000000", "from 1 to 100000 bins"),
    "unknown spacing": ("bins = 8", 'bins = 8\nspacing = "logarithmic"', "'linear' or 'log' is needed"),
    "logarithm of zero": ("low = 0.2", 'low = 0.0\nspacing = "log"', "above zero"),
    "edges and bins": ("bins = 8", "edges = [0.2, 1.0]", "beside edges"),
    "edges descend": ("low = 0.2\nhigh = 1.0\nbins = 8", "edges = [1.0, 0.2]", "must increase"),
    "one edge": ("low = 0.2\nhigh = 1.0\nbins = 8", "edges = [1.0]", "at least two edges"),
    "no edges": ("low = 0.2\nhigh = 1.0\nbins = 8", "edges = []", "at least two edges"),
    "edges are text": ("low = 0.2\nhigh = 1.0\nbins = 8", 'edges = "0.2 1.0"', "a list is needed"),
    "equal edges": ("low = 0.2\nhigh = 1.0\nbins = 8", "edges = [0.2, 0.2, 1.0]", "must increase"),
    "an infinite edge": ("low = 0.2\nhigh = 1.0\nbins = 8", "edges = [0.2, inf]", "must be finite"),
    "axes is a table": ("[[axes]]", "[axes]", "axes are a list of tables"),
    # targets
    "unknown element": ('"Ge"', '"Gx"', "no element"),
    "empty target": ('"Ge"', '""', "some text is needed"),
    "target is a number": ('target = "Ge"', "target = 32", "a table is needed"),
    "ambiguous target": ('"Ge"', '"Ge76O2"', "formula must be"),
    "target without formula": ('target = "Ge"', 'target = { form_factor = "helm" }', "some text is needed"),
    "unknown form factor": ('"Ge"', '{ formula = "Ge", form_factor = "hellm" }', "did you mean 'helm'"),
    "form factor of another nuclide": ('"Ge"', '{ formula = "Ge", form_factors = { Ar40 = {} } }', "no such nuclide"),
    "form factor of electrons": (
        '"Ge"',
        '{ formula = "Ge", form_factors = { Ge74 = { electron = {} } } }',
        "'electron'",
    ),
    "levels of another nuclide": ('"Ge"', '{ formula = "Ge", levels = { Ar40 = {} } }', "Ar40"),
    "levels that are unknown": ('"Ge"', '{ formula = "Ge", levels = { Ge74 = {} } }', "Ge74"),
    "levels in an unknown layout": (
        '"Ge"',
        '{ formula = "Ar", levels = { Ar40 = { file = "counts.csv", layout = "x" } } }',
        "target.levels.Ar40.layout: this is 'kshell'",
    ),
    "a summary of KSHELL that is none": (
        '"Ge"',
        '{ formula = "Ar", levels = { Ar40 = { file = "counts.csv", layout = "kshell" } } }',
        "counts.csv: no line reads 'N  J prty",
    ),
    "negative quenching of levels": ('"Ge"', '{ formula = "Ar", levels = { Ar40 = { quenching = -1 } } }', "quenching"),
    # sources
    "unknown source": ('"TabulatedFlux"', '"TabulatedFlow"', "did you mean 'TabulatedFlux'"),
    "flux without file": ('file = "flux.csv"\n', "", "TabulatedFlux needs"),
    "missing file": ('"flux.csv"', '"fluxes.csv"', "fluxes.csv cannot be read: No such file"),
    "file is a folder": ('"flux.csv"', '"."', "is a folder"),
    "file is a number": ('file = "flux.csv"', "file = 1", "some text is needed"),
    "unknown flux field": ('file = "flux.csv"', 'file = "flux.csv"\nbaseline = 25', "did you mean 'baseline_m'"),
    "negative baseline": ('file = "flux.csv"', 'file = "flux.csv"\nbaseline_m = -25.0', "baseline_m must be positive"),
    "unknown component": ('file = "flux.csv"', 'file = "flux.csv"\ncomponent = "nu_x"', "'nu_x'"),
    "unknown spectra": (
        'kind = "TabulatedFlux"\nfile = "flux.csv"',
        'kind = "Reactor"\nspectra = "best"\nstrength = { kind = "TotalFlux", total_flux_per_cm2_s = 1e12 }',
        "'best'",
    ),
    "strength without kind": (
        'kind = "TabulatedFlux"\nfile = "flux.csv"',
        'kind = "Reactor"\nspectra = "texono"\nstrength = { total_flux_per_cm2_s = 1e12 }',
        "'kind' is missing; one of ThermalPower, TotalFlux",
    ),
    "power in MW": (
        'kind = "TabulatedFlux"\nfile = "flux.csv"',
        'kind = "Reactor"\nspectra = "texono"\n'
        'strength = { kind = "ThermalPower", thermal_power_MW = 3000, baseline_m = 25 }',
        "did you mean 'thermal_power_GW'",
    ),
    "fractions that do not sum to one": (
        'kind = "TabulatedFlux"\nfile = "flux.csv"',
        'kind = "Reactor"\nspectra = "texono"\nfission_fractions = { U235 = 0.9 }\n'
        'strength = { kind = "ThermalPower", thermal_power_GW = 3, baseline_m = 25 }',
        "fission_fractions",
    ),
    "unknown facility": (
        'kind = "TabulatedFlux"\nfile = "flux.csv"',
        'kind = "facility_neutrinos"\nfacility = "sms"',
        "'sms'; did you mean 'sns'",
    ),
    "arrival of a facility": (
        'kind = "TabulatedFlux"\nfile = "flux.csv"',
        'kind = "facility_neutrinos"\nfacility = "sns"\narrival = { kind = "SteadyArrival" }',
        "no field of facility_neutrinos called 'arrival'",
    ),
    "unknown arrival": ('file = "flux.csv"', 'file = "flux.csv"\narrival = { kind = "Pulse" }', "no Arrival 'Pulse'"),
    "arrival of other components": (
        'file = "flux.csv"',
        'file = "flux.csv"\narrival = { kind = "PionDecayArrival", pulse = { kind = "SharpPulse" } }',
        "",
    ),
    "arrival is text": ('file = "flux.csv"', 'file = "flux.csv"\narrival = "steady"', "a table is needed"),
    "no sources": (
        DETECTOR[DETECTOR.index("[sources") : DETECTOR.index("[quenching]")],
        "sources = {}\n",
        "needs a source",
    ),
    "a source is text": ("[sources.reactor]\n", "[sources]\n", "a table is needed"),
    # interactions
    "unknown interaction": (
        "[quenching]",
        '[interactions.cevns]\nkind = "Cevns"\n\n[quenching]',
        "no Interaction 'Cevns'",
    ),
    "interaction without terms": (
        "[quenching]",
        '[interactions.cevns]\nkind = "Coherent"\n\n[quenching]',
        "needs 'terms'",
    ),
    "unknown term": (
        "[quenching]",
        '[interactions.cevns]\nkind = "Coherent"\nterms.sm = { kind = "SM" }\n\n[quenching]',
        "no Term 'SM'",
    ),
    "unknown coupling": (
        "[quenching]",
        '[interactions.cevns]\nkind = "Coherent"\nterms.sm = { kind = "ErlerSu", angle = 0.2 }\n\n[quenching]',
        "no field of ErlerSu called 'angle'",
    ),
    # backgrounds
    "unknown background": ('"TabulatedBackground"', '"Flat"', "no Background 'Flat'"),
    "background that ends": (
        'file = "background.csv"',
        "energies_keV = [0.1, 0.5]\ncounts_per_keV_kg_day = [1, 1]",
        "reach",
    ),
    "negative background": (
        'kind = "TabulatedBackground"\nfile = "background.csv"',
        'kind = "FlatBackground"\ncounts_per_keV_kg_day = -1',
        "counts_per_keV_kg_day must be zero or positive",
    ),
    "background without level": (
        'kind = "TabulatedBackground"\nfile = "background.csv"',
        'kind = "FlatBackground"',
        "needs",
    ),
    "background called as an interaction": ("[backgrounds.radioactivity]", "[backgrounds.cevns]", ""),
    # quenching
    "unknown quenching field": (
        '"TabulatedQuenching"\nfile = "quenching.csv"',
        '"Lindhard"\nkk = 0.16',
        "did you mean 'k'",
    ),
    "quenching without k": ('"TabulatedQuenching"\nfile = "quenching.csv"', '"Lindhard"', "Lindhard needs 'k'"),
    "negative k": ('"TabulatedQuenching"\nfile = "quenching.csv"', '"Lindhard"\nk = -0.16', "k must be"),
    "factor in percent": (
        '"TabulatedQuenching"\nfile = "quenching.csv"',
        '"ConstantQuenching"\nfactor = 16',
        "between 0 and 1",
    ),
    "half a proton": (
        '"TabulatedQuenching"\nfile = "quenching.csv"',
        '"Lindhard"\nk = 0.16\nproton_number = 32.5',
        "a whole number is needed",
    ),
    "factors and knots": (
        '"TabulatedQuenching"\nfile = "quenching.csv"',
        '"TabulatedQuenching"\nknots_keV = [1.0]\nfactors = [0.1, 0.2]',
        "one entry for each",
    ),
    "knots as a matrix": (
        '"TabulatedQuenching"\nfile = "quenching.csv"',
        '"TabulatedQuenching"\nknots_keV = [[1.0]]\nfactors = [0.1]',
        "a list of numbers is needed",
    ),
    "no knots": (
        '"TabulatedQuenching"\nfile = "quenching.csv"',
        '"TabulatedQuenching"\nknots_keV = []\nfactors = []',
        "a list of numbers is needed",
    ),
    "column without its name": (
        '"TabulatedQuenching"\nfile = "quenching.csv"',
        '"TabulatedQuenching"\nknots_keV = { file = "quenching.csv" }\nfactors = [0.1]',
        "got no 'column'",
    ),
    "column that is not there": (
        '"TabulatedQuenching"\nfile = "quenching.csv"',
        '"TabulatedQuenching"\nknots_keV = { file = "quenching.csv", column = "T" }\nfactors = [0.1]',
        "no column 'T_keV'",
    ),
    "own code": ('"TabulatedQuenching"', '"mine:Quenching"', "--allow-code"),
    # responses
    "response without resolution": (
        "resolution = { noise_keV = 0.05, fano = 0.11, pair_energy_keV = 0.00296 }\n",
        "",
        "GaussianResponse needs 'resolution'",
    ),
    "other edges than the axis": ("[[axes]]", "edges_keV = [0.2, 1.0]\n\n[[axes]]", "axes must have the bins"),
    "threshold above measured data": ("[[axes]]", "threshold_keV = 0.3\n\n[[axes]]", "threshold must not lie above"),
    "efficiency is a number": ('{ file = "efficiency.csv" }', "0.9", "a table is needed"),
    "efficiency in percent": ('{ file = "efficiency.csv" }', "{ knots_keV = [0.2], values = [90] }", "between 0 and 1"),
    "template without templates": ('kind = "GaussianResponse"', 'kind = "TemplateResponse"', "TemplateResponse"),
    # data
    "no data in the table": ('file = "counts.csv"', "", "either 'counts' or 'file'"),
    "data twice": ('file = "counts.csv"', 'file = "counts.csv"\ncounts = [1]', "either 'counts' or 'file'"),
    "too few counts": ('file = "counts.csv"', "counts = [1, 2, 3]", "each of the 8 bins is needed, got 3"),
    "negative counts": ('file = "counts.csv"', "counts = [1, 2, 3, 4, 5, 6, 7, -8]", ""),
    "counts are text": ('file = "counts.csv"', 'counts = "1 2 3"', "without quotes"),
    "counts of another sample": ('file = "counts.csv"', "counts = { on = [1] }", "no sample 'on'"),
    "errors of zero": (
        'file = "counts.csv"',
        "counts = [1,1,1,1,1,1,1,1]\nerrors = [1,1,1,0,1,1,1,1]",
        "must be positive",
    ),
    "errors of a file": ('file = "counts.csv"', 'file = "counts.csv"\nerrors = [1]', "beside file"),
    "data is a list": ('[data]\nfile = "counts.csv"', "data = [1, 2]", ""),
    # samples
    "unknown contribution": ("[data]", '[samples]\ncounts = ["signal", "dust"]\n\n[data]', "dust"),
    "a sample of nothing": ("[data]", "[samples]\ncounts = []\n\n[data]", "neither an interaction nor a background"),
    "a sample is text": ("[data]", '[samples]\ncounts = "signal"\n\n[data]', "a list is needed"),
    "a missing sample": (
        "[data]",
        '[samples]\non = ["signal"]\noff = ["radioactivity"]\n\n[data]',
        "no column 'on'",
    ),
    # nuisances
    "unknown prior": ("TruncatedNormal(1, 0.03, low=0)", "Gauss(1, 0.03)", "'Gauss(1, 0.03)' is not known"),
    "prior without width": ("TruncatedNormal(1, 0.03, low=0)", "Normal(1)", "lacks scale"),
    "negative width": ("TruncatedNormal(1, 0.03, low=0)", "Normal(1, -1)", "scale above zero"),
    "prior is a number": ('"TruncatedNormal(1, 0.03, low=0)"', "1.0", "some text is needed"),
    "prior that runs code": ("TruncatedNormal(1, 0.03, low=0)", "__import__('os')", "is not known"),
    "no prior": ('prior = "TruncatedNormal(1, 0.03, low=0)", ', "", "needs 'prior'"),
    "no path": (', where = "sources.reactor.flux.norm"', "", "needs 'where'"),
    "unknown path": (
        "sources.reactor.flux.norm",
        "sources.reactor.flux.nrm",
        "did you mean 'sources.reactor.flux.norm'",
    ),
    "path of a vector": ("sources.reactor.flux.norm", "response.edges_keV", "must set a single number"),
    "two of one leaf": ("backgrounds.radioactivity.norm", "sources.reactor.flux.norm", "needs one of its own"),
    "a nuisance is text": (
        '{ prior = "TruncatedNormal(1, 0.03, low=0)", where = "sources.reactor.flux.norm" }',
        '"x"',
        "table",
    ),
    # the file
    "not TOML": ("[quenching]", "[quenching", "not valid TOML"),
    "a key twice": ("mass_kg = 4.0", "mass_kg = 4.0\nmass_kg = 5.0", "not valid TOML"),
    "empty": (DETECTOR, "", "'name' is missing"),
    "prose": (DETECTOR, "A germanium detector of 4 kg.", "not valid TOML"),
    "JSON": (DETECTOR, '{"name": "x"}', "not valid TOML"),
}


@pytest.fixture
def folder(tmp_path):
    for file in FOLDER.glob("*.csv"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.mark.parametrize("change", CHANGES)
def test_refused(folder, change):
    old, new, words = CHANGES[change]
    assert old in DETECTOR
    (folder / "mine.toml").write_text(DETECTOR.replace(old, new, 1))
    with pytest.raises(CevnsjaxError) as raised:
        read_experiment(folder / "mine.toml")
    message = str(raised.value)
    assert words in message
    assert message.startswith(str(folder / "mine.toml"))
    assert message.endswith((".", "?"))
    assert "np." not in message
    assert re.search(r"Array|Traceback|Tracer", message) is None


TABLES = {
    "empty": ("flux.csv", "", "no row of numbers"),
    "names alone": ("flux.csv", "energy_MeV,nu_e_bar_per_cm2_s_MeV\n", "no row of numbers"),
    "comments alone": ("flux.csv", "# nothing\n", "no row of numbers"),
    "one row": ("flux.csv", "energy_MeV,nu_e_bar_per_cm2_s_MeV\n1,1\n", "at least two rows"),
    "descending and back": ("quenching.csv", "1,0.1\n3,0.1\n2,0.1\n", "line 3: the recoil energy must increase"),
    "a double row": ("quenching.csv", "1,0.1\n1,0.1\n2,0.1\n", "line 2: the recoil energy must increase"),
    "columns swapped": ("quenching.csv", "0.14,1\n0.15,2\n", "quenching_factor must be between 0 and 1"),
    "percent": ("efficiency.csv", "0.2 50\n0.3 90\n", "efficiency_percent"),
    "no number": ("efficiency.csv", "0.2 0.5\n0.3 high\n", "line 2: 'high'"),
    "an empty cell": ("efficiency.csv", "0.2,0.5\n0.3,,\n", "line 2"),
    "not a number": ("efficiency.csv", "0.2 0.5\n0.3 nan\n", "line 2: 'nan'"),
    "infinite": ("efficiency.csv", "0.2 0.5\n0.3 1e999\n", "larger than any number"),
    "a row too short": ("background.csv", "0.1 30\n0.3\n", "line 2: 1 numbers where the rows above have 2"),
    "a row too long": ("background.csv", "0.1 30\n0.3 3 4\n", "line 2: 3 numbers"),
    "negative": ("background.csv", "0.1 30\n1.2 -3\n", "must be zero or positive"),
    "no unit": ("background.csv", "energy,counts_per_keV_kg_day\n0.1,3\n1.2,3\n", "'energy' has no unit"),
    "another quantity": ("background.csv", "energy_keV,counts_per_day\n0.1,3\n1.2,3\n", "not a unit of this quantity"),
    "unknown column": ("background.csv", "energy_keV,level\n0.1,3\n1.2,3\n", "no column 'counts_per_keV_kg_day'"),
    "names for other columns": ("background.csv", "energy_keV,a,b\n0.1,3\n1.2,3\n", "3 names"),
    "three columns without names": ("background.csv", "0.1,3,1\n1.2,3,1\n", "3 columns without names"),
    "decimal commas between commas": ("background.csv", "0,1,3,0\n1,2,3,0\n", "4 columns without names"),
    "binary": ("background.csv", "\0\1\2", "no text file"),
    "a negative flux": (
        "flux.csv",
        "energy_MeV,nu_e_bar_per_cm2_s_MeV\n1,1\n2,-1\n",
        "line 3: a flux must not be negative",
    ),
    "no flux": ("flux.csv", "energy_MeV,nu_e_bar_per_cm2_s_MeV\n1,0\n2,0\n", "zero in all rows"),
    "flux without a name": ("flux.csv", "1 1\n2 1\n", "which neutrinos"),
    "a bin too few": ("counts.csv", "counts\n1\n2\n", "each of the 8 bins"),
    "counts that are no numbers": ("counts.csv", "counts\na\nb\n", "line 2: 'a'"),
    "a negative count": ("counts.csv", "counts\n" + "1\n" * 7 + "-1\n", ""),
}


@pytest.mark.parametrize("table", TABLES)
def test_tables_that_are_refused(folder, table):
    file, text, words = TABLES[table]
    (folder / file).write_text(text)
    (folder / "mine.toml").write_text(DETECTOR)
    with pytest.raises(CevnsjaxError) as raised:
        read_experiment(folder / "mine.toml")
    message = str(raised.value)
    assert words in message
    assert file in message or "observed" in message or "background" in message
    assert message.endswith((".", "?"))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("quenching.csv", "8; 24,796\n"),
    ],
)
def test_percent_without_names_is_not_guessed(folder, file, text):
    (folder / file).write_text(text)
    (folder / "mine.toml").write_text(DETECTOR)
    with pytest.raises(CevnsjaxError, match="in percent"):
        read_experiment(folder / "mine.toml")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "% from the lab\n" + text,
        lambda text: text.replace("150 0.0", "150\t0.0 ! from here on").replace("250 0.55", "2.5D2 5.5d-1"),
        lambda text: "\n".join([text.splitlines()[0], *reversed(text.splitlines()[1:])]),
        lambda text: text.replace(" ", ", ").replace("\n", ",\n"),
        lambda text: text.replace(" ", ";").replace(".", ","),
    ],
    ids=["byte-order mark", "Windows", "comment", "Fortran", "descending", "trailing commas", "decimal commas"],
)
def test_tables_as_they_come(folder, detector, change):
    path = folder / "efficiency.csv"
    path.write_text(change(path.read_text()), newline="")
    read = TabulatedEfficiency.from_file(path)
    np.testing.assert_allclose(read.knots_keV, detector.response.efficiency.knots_keV, rtol=1e-14)
    np.testing.assert_allclose(read.values, detector.response.efficiency.values, rtol=1e-14)


def test_number_of_cases():
    assert len(CHANGES) + len(TABLES) >= 150


def test_the_documentation_shows_this_detector():
    text = (Path(__file__).parents[2] / "docs" / "own-detector.md").read_text()
    assert f"```toml\n{DETECTOR}```" in text


def test_schema():
    """Every file of the catalogue is valid by the schema that editors take, and what is refused above is not."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = description_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for text in (DETECTOR, *(path.read_text(encoding="utf-8") for path in DESCRIPTIONS.values())):
        assert not list(validator.iter_errors(tomllib.loads(text)))
    for change in ("unknown key", "missing mass", "unknown kind", "field in another unit", "half a bin", "no path"):
        old, new, _ = CHANGES[change]
        assert list(validator.iter_errors(tomllib.loads(DETECTOR.replace(old, new, 1)))), change


def test_a_nuisance_has_a_symbol_for_figures():
    table = {"prior": "Normal(0, 1)", "where": "quenching.k", "unit": "us", "symbol": "$k$"}
    where = Where("detector.toml", FOLDER, ("nuisances", "lindhard_k"))
    parameter = nuisance("lindhard_k", table, where)
    assert (parameter.label, parameter.unit, parameter.description) == ("$k$", "us", "")
    with pytest.raises(DescriptionError, match="symbol"):
        nuisance("lindhard_k", table | {"symbol": 3}, where)
