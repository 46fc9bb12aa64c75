import gc
import os
from pathlib import Path

import equinox as eqx
import jax
import pytest
from remembered import remembered

# Strict while testing, loose for users: nothing may promote a type or a rank silently.
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

# Tracing makes millions of objects that live on: they are looked through, and XLA's too, a fiftieth as often.
gc.set_threshold(35_000, 20, 20)

# Nearly all that a test takes is compiling, of which this leaves a quarter; programs run half as long again.
# In one part, a program maps a quarter of the memory: see forget_programs.
QUICKLY = {
    "xla_cpu_use_fusion_emitters": False,
    "xla_backend_optimization_level": 0,
    "xla_cpu_parallel_codegen_split_count": 1,
}


def pytest_configure(config):
    """Compile quickly, and share compiled programs between the processes of a run, and with later runs.

    They are kept by what they compute, never by name, and not with the user's; ``pytest --cache-clear`` forgets them.
    With ``XLA_FLAGS`` set, be it to nothing, and in this process (``-n0``), tests compile as users do.
    """
    if not hasattr(config, "workerinput") and "XLA_FLAGS" not in os.environ and _known(QUICKLY):
        os.environ["XLA_FLAGS"] = " ".join(f"--{name}={str(value).lower()}" for name, value in QUICKLY.items())
    # processes of a run share the cores: with threads in each, NumPy's products of matrices take twice as long
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    folder = os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(config.cache.mkdir("jax")))
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    # where another process is just writing a program, it is compiled once more
    config.addinivalue_line("filterwarnings", "ignore:Error reading persistent compilation cache entry")


def _known(options):
    """Whether XLA has these options: those that it does not know end a process."""
    try:
        jax.jit(lambda: 0.0).lower().compile(compiler_options=options)
    except jax.errors.JaxRuntimeError:
        return False
    return True


@pytest.fixture(scope="module", autouse=True)
def forget_programs():
    """Let go of compiled programs in time: each maps memory, of which a process may have 65,530 pieces on Linux."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > 30_000:
        eqx.clear_caches()
        jax.clear_caches()


@pytest.fixture(scope="session", autouse=True)
def forget_built():
    """Place nodes once for the same detector and flux, and freeze once what is the same; returns what forgets that."""
    # not on top: jaxtyping must be there before the package is
    from cevnsjax.experiment import placing, view
    from cevnsjax.inference import model

    def seen(experiment, recoil, source, parameters):
        detector = experiment.quenching, experiment.response, experiment.target
        return *detector, experiment.sources[source].flux, view.kinks_keV(experiment)[recoil], recoil, parameters

    place, freeze = remembered(placing.place_panels, seen), remembered(model.freeze)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placing, "place_panels", place)
        patch.setattr(model, "freeze", freeze)
        yield lambda: (place.forget(), freeze.forget())


@pytest.fixture(params=["float64", "float32"])
def precision(request):
    """Run a test in both precisions."""
    with jax.enable_x64(request.param == "float64"):
        yield request.param


@pytest.fixture
def standard_promotion():
    """NumPyro's own sampler code promotes integers to floats."""
    with jax.numpy_dtype_promotion("standard"):
        yield
