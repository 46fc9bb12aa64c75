"""Commands import and build what is asked for, and nothing else."""

import os
import subprocess
import sys

import jax.monitoring
import pytest

from cevnsjax.experiment import EXPERIMENTS, named_experiment

# dear to import, and not needed to say what there is
DEAR = (
    *("scipy.stats", "scipy.interpolate", "scipy.optimize", "cevnsjax.inference"),
    *("matplotlib", "pandas", "xarray", "pint"),
)
# CsI in time and photoelectrons, a reactor on germanium with a table of a flux, and several nuclides
BUILT = {"coherent-csi-2021": 8, "conus": 10}


@pytest.fixture(scope="module")
def compiled():
    """One entry for each program that is compiled, or read from where they are kept, from now on."""
    found = []

    def listen(event, duration_s, **_):
        if event == "/jax/core/compile/backend_compile_duration":
            found.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield found
    jax.monitoring.unregister_event_duration_listener(listen)


def imported(*arguments, **environment):
    """Modules that a command has imported when it is done."""
    program = (
        "import sys\nfrom cevnsjax.cli import main\ntry:\n    main(sys.argv[1:])\n"
        "except SystemExit as stopped:\n    assert not stopped.code\nprint(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("fit", "--help")])
def test_help_computes_nothing(arguments):
    assert not imported(*arguments) & {"jax", "equinox", "numpyro", "scipy", *DEAR}


@pytest.mark.parametrize(
    "module", ["cevnsjax.cli", "cevnsjax.cli.scan", "rich.table", "jax", "cevnsjax.experiment.axis"]
)
def test_ctrl_c_while_it_is_loaded(module, tmp_path):
    program = (
        "import os, signal, sys\n"
        # it may be ignored where tests run in the background
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Press:\n    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}:\n            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Press())\nfrom cevnsjax.__main__ import main\nmain()"
    )
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program, "list"], capture_output=True, text=True, env=environment)
    assert done.returncode == 130
    assert done.stdout == ""
    assert done.stderr in ("", "Interrupted.\n")


def test_list_draws_and_fits_nothing(tmp_path):
    modules = imported("list", JAX_COMPILATION_CACHE_DIR=str(tmp_path))  # where no answer is kept
    assert "jax" in modules  # the command has run
    assert not modules & set(DEAR)


def test_names_need_no_experiment(cevnsjax, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("built")

    monkeypatch.setattr("cevnsjax.experiment.experiment.Experiment.__check_init__", refuse)
    assert cevnsjax("list", "experiments").code == 0
    with pytest.raises(AssertionError, match="built"):  # the guard would have seen it
        named_experiment("coherent-csi-2021")


def test_one_experiment_is_built_once(cevnsjax, monkeypatch):
    built = []

    def build(name, *arguments, **keywords):
        built.append(name)
        return named_experiment(name, *arguments, **keywords)

    monkeypatch.setattr("cevnsjax.experiment.named_experiment", build)
    assert cevnsjax("list").code == 0
    assert built == ["coherent-csi-2021"]


@pytest.mark.parametrize("name", BUILT)
def test_building_compiles_few_programs(compiled, forget_built, name):
    """Numbers that are only looked at are NumPy's; built again, everything is there."""
    forget_built()
    before = len(compiled)
    EXPERIMENTS[name]()
    assert len(compiled) - before <= BUILT[name]
    forget_built()
    before = len(compiled)
    EXPERIMENTS[name]()
    assert len(compiled) == before


def test_a_prediction_is_one_program(compiled):
    """Signals and contributions are, also where data, nuisance parameters or names are others."""
    experiment = EXPERIMENTS["coherent-csi-2021"]()
    before = len(compiled)
    experiment.signals()
    assert len(compiled) - before <= 1
    before = len(compiled)
    experiment.contributions()
    assert len(compiled) == before
    assert experiment.expected().shape == experiment.observed.shape
    before = len(compiled)
    other = experiment.asimov()
    other.signals(), other.contributions(), other.expected()
    assert len(compiled) == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("fit", "coherent-csi-2021", "--chains", "2", "--warmup", "25", "--samples", "25"),
        ("scan", "conus", "--grid", "signal_norm=0.5:1.5:9"),
        ("spectrum", "coherent-lar", "--plot", "spectrum.png"),
    ],
    ids=lambda command: command[0],
)
def test_what_was_compiled_is_found_again(tmp_path, command):
    """Whatever Python's hash seed: NumPyro keeps the numbers of a distribution in the order of a set."""
    program = (
        "import sys\nimport jax\nmissed = []\n"
        "def listen(event, **_):\n    if event.endswith('/cache_misses'):\n        missed.append(event)\n"
        "jax.monitoring.register_event_listener(listen)\n"
        "from cevnsjax.cli import main\ntry:\n    main(sys.argv[1:])\n"
        "except SystemExit as stopped:\n    assert not stopped.code\nprint(len(missed))"
    )

    def missed(seed):
        environment = os.environ | {"PYTHONHASHSEED": str(seed), "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "kept")}
        (tmp_path / str(seed)).mkdir()
        done = subprocess.run(
            [sys.executable, "-c", program, *command],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
            cwd=tmp_path / str(seed),
        )
        return int(done.stdout.split()[-1])

    assert missed(1) > 0
    assert [missed(2), missed(3)] == [0, 0]
