import jax
import pytest


@pytest.fixture(params=["float64", pytest.param("float32", marks=pytest.mark.slow)])
def precision(request):
    """Both precisions; the single one of these sweeps, which compiles all of it again, with the slow tests."""
    with jax.enable_x64(request.param == "float64"):
        yield request.param
