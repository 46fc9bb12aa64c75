"""What can be typed wrong, in every command: one sentence, which names what was typed, and the exit code 2."""

import functools

import pytest

from cevnsjax import experiment
from cevnsjax.errors import near_matches

CSI, JOINT = "coherent-csi-2021", "conus,dresden-ii"
NEVER = ("np.", "jnp.", "Array(", "array(", "Traceback", "<class", "object at 0x", "dtype")
FILES = {
    "file": "mine",
    "key.toml": 'Experiment = "conus"',
    "table.toml": 'experiment = "conus"\n[Sampler]\nchains = 3',
    "sampler.toml": 'experiment = "conus"\n[sampler]\nChains = 3',
    "precision.toml": 'experiment = "conus"\nprecision = "Float64"',
    "free.toml": 'experiment = "conus"\nfree = "a"',
    "prior.toml": 'experiment = "conus"\n[prior]\nlindhard_k = "Normal(0.2, -1)"',
    "set.toml": 'experiment = "conus"\n[set]\nmass_kg = -3',
    "detector.toml": 'Name = "x"\ntarget = "Ge"',
    "block.toml": 'name = "x"\ntarget = "Ge"\nmass_kg = 1\nexposure_days = 1\n[sources.a]\nkind = "tabulatedflux"\n'
    '[quenching]\nkind = "Lindhard"\n[response]\nkind = "GaussianResponse"\n'
    '[[axes]]\nname = "energy_keVee"\nlow = 1\nhigh = 2\nbins = 2',
    "run.json": "[]",
}

# what is refused before anything is built
EARLY = [
    # names in the wrong case, and others that are like one
    ("list parameters -e Conus", "did you mean 'conus'?"),
    ("list parameters -e CONUS+", "did you mean 'conus', 'conus-plus'"),
    ("list bananas", "'experiments', 'models', 'parameters'"),
    ("spectrum Coherent-Csi-2021", f"did you mean '{CSI}'?"),
    (f"spectrum {CSI},Conus", "called 'Conus'; did you mean 'conus'?"),
    ("spectrum file", "the name of a file must end in .toml"),
    ("spectrum .", "no experiment called '.'"),
    ("spectrum ,", "no experiment called ''"),
    ("spectrum", "Name an experiment"),
    ("spectrum nothing.toml", "nothing.toml: it cannot be read (No such file or directory)"),
    ("check detector.toml", "'Name'; did you mean 'name'?"),
    ("check block.toml", "there is no source 'tabulatedflux'; did you mean 'TabulatedFlux'"),
    ("check Conus", "did you mean 'conus'?"),
    ("config Conus", "did you mean 'conus'?"),
    (f"config {CSI}", "built by code with logic of its own"),
    ("config run.json", "not the run.json of a fit"),
    ("config nothing.json", "cannot be read"),
    ("config", "Give the name of an experiment"),
    ("validate --only nothing-*", "no published number called 'nothing-*'"),
    # settings
    ("fit --settings key.toml", "called 'Experiment'; did you mean 'experiment'?"),
    ("fit --settings table.toml", "called 'Sampler'; did you mean 'sampler'?"),
    ("fit --settings sampler.toml", "called 'sampler.Chains'; did you mean 'sampler.chains'?"),
    ("fit --settings precision.toml", "precision must be one of float64, float32, got 'Float64'"),
    ("fit --settings free.toml", "free must be a list of names, got 'a'"),
    ("fit --settings nothing.toml", "nothing.toml cannot be read"),
    ("spectrum --settings file", "file is not valid TOML"),
    # options that no command has, and values that no option takes
    ("valdate", "Did you mean 'validate'"),
    ("fit conus --chain 3", "--chain"),
    ("fit conus --chains x", "--chains"),
    ("fit conus --chains 0", "chains must be a whole number and at least 1, got 0"),
    ("fit conus --seed -1", "--seed"),
    ("fit conus --target-acceptance 2", "target_acceptance must be a number between 0 and 1"),
    ("fit conus --set mass_kg", "--set needs NAME=VALUE"),
    ("fit conus --set mass_kg=1,5", "'1,5' is not a number"),
    ("fit conus --set mass_kg=1e400", "the value must be finite"),
    ("fit conus --set a=1 --set a=2", "--set is given twice for 'a'"),
    ("fit conus --csv --json", "Give one of --json and --csv"),
    ("scan conus", "--grid"),
    ("scan conus --grid signal_norm=0:1:99999999999999", "between 2 and 100000 points"),
    ("scan conus --grid signal_norm", "--grid needs NAME=LOW:HIGH"),
    ("cross-section Cs133", "either --energy"),
    ("cross-section Cs133 -E 30 --flux solar", "either --energy"),
    ("cross-section Cs133 -E -30", "--energy must be above zero and finite, in MeV, got -30"),
    ("cross-section Cs133 -E nan", "--energy must be above zero and finite, in MeV, got nan"),
    ("cross-section Cs133 -E 30 -T -1", "--recoil must be above zero"),
    ("cross-section Cs133 -E 30 --threshold -1", "--threshold must be zero or above"),
    ("cross-section cs133 -E 30", "symbols begin with a capital letter"),
    ("cross-section Xx -E 30", "did you mean 'Xe'?"),
    ("cross-section [Ge76:1.5] -E 30", "the fraction of Ge76 must be above 0 and at most 1"),
    ("cross-section Cs133 -E 30 --neutrino Nu_e", "did you mean 'nu_e'?"),
    ("cross-section Cs133 --flux Solar", "did you mean 'solar'?"),
    ("cross-section Cs133 --flux nothing.csv", "nothing.csv cannot be read"),
    ("cross-section Cs133 -E 30 --model ZPrime", "did you mean 'zprime'?"),
    ("cross-section Cs133 -E 30 --couplings Tre", "tree"),
    ("cross-section Cs133 -E 30 --model zprime --set Mass=1", "did you mean 'mass'?"),
    ("cross-section Cs133 -E 30 --model zprime --set mass=-1", "mass=-1 cannot be: mass_MeV must be zero or positive"),
]

# what the experiment must be built for; each is built once
LATE = [
    ("fit conus --model NSI", "did you mean 'nsi'?"),
    ("spectrum conus --model SM+Electrons", "did you mean 'sm+electrons'?"),
    ("spectrum conus --set MASS_KG=3", "called 'MASS_KG'; did you mean 'mass_kg'?"),
    ("spectrum conus --set mass_kg=-3", "mass_kg=-3 cannot be: mass_kg must be positive and in kg, got -3"),
    ("spectrum --settings set.toml", "mass_kg=-3 cannot be: mass_kg must be positive"),
    ("spectrum conus --set mass_kg=2 --set lindhard_k=-1", "lindhard_k=-1 cannot be"),
    ("fit --settings prior.toml", "lindhard_k: The prior 'Normal(0.2, -1)' needs a scale above zero, got -1"),
    ("fit conus --prior lindhard_k=normal(0,1)", "lindhard_k: The prior 'normal(0,1)' is not known"),
    ("fit conus --prior Lindhard_K=Normal(0,1)", "called 'Lindhard_K'; did you mean 'lindhard_k'?"),
    ("fit conus --free Signal_Norm", "called 'Signal_Norm'; did you mean 'signal_norm'?"),
    ("fit conus --fix LINDHARD_K", "called 'LINDHARD_K'; did you mean 'lindhard_k'?"),
    ("fit conus --free lindhard_k --fix lindhard_k", "'lindhard_k' is both free and fixed"),
    ("fit conus --chains 100000000", "100000000 chains of 3 parameters take at least "),
    ("fit conus --samples 100000000000000000000", "draws of 3 parameters take at least "),
    ("fit conus --warmup 100000000000000", "after a warm-up of 100000000000000, take at least "),
    ("scan conus --grid Signal_norm=0:1", "called 'Signal_norm'; did you mean 'signal_norm'?"),
    ("scan conus --grid signal_norm=0:1:5000 --grid lindhard_k=0.1:0.2:5000", "25000000 points"),
    # names of joint fits, as they are typed
    (f"spectrum {JOINT} --set conus.mass_kg=-1", "'conus.mass_kg'; did you mean 'experiments.conus.mass_kg'"),
    (f"spectrum {JOINT} --set experiments.conus.mass_kg=-1", "experiments.conus.mass_kg=-1 cannot be: mass_kg must"),
    (f"fit {JOINT} --fix lindhard_k", "did you mean 'conus.lindhard_k'"),
    (f"fit {JOINT} --fix conus.Lindhard_k", "did you mean 'conus.lindhard_k'"),
]


@pytest.fixture(scope="module")
def built():
    return functools.cache(experiment.named_experiment)


@pytest.fixture
def sentence(cevnsjax, monkeypatch, tmp_path, built):
    """The sentence of a command that is refused, in a folder with files, which nothing is added to."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(
        experiment, "named_experiment", lambda name, share=(), allow_code=False: built(name, tuple(share))
    )

    def run(line):
        said = cevnsjax(*line.split(" ")).sentence
        assert not [each for each in NEVER if each in said], said
        assert len(said) < 500, said
        assert {each.name for each in tmp_path.iterdir()} == set(FILES)
        return said

    return run


@pytest.mark.parametrize(("line", "words"), EARLY, ids=[line for line, _ in EARLY])
def test_refused(sentence, line, words):
    assert words in sentence(line)


@pytest.mark.parametrize(("line", "words"), LATE, ids=[line for line, _ in LATE])
def test_refused_by_what_was_built(sentence, line, words):
    said = sentence(line)
    assert words in said
    if "take at least" in said:
        assert "and this machine has" in said or "and its device has" in said


def test_near_matches():
    assert near_matches("NSI", ["nsi", "sm"]) == "did you mean 'nsi'?"
    assert near_matches("Ab", ["AB", "ab", "abc"]) == "did you mean 'AB', 'ab'?"
    many = near_matches("!", [f"name-{i:03d}" for i in range(100)])
    assert many.endswith("'name-011' and 88 others.")
    assert near_matches("!", ["a"]) == "known: 'a'."
    assert near_matches("!", [], "see there.") == "see there."
