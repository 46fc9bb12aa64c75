import jax
import pytest

# Strict while testing, loose for users: nothing may promote a type or a rank silently.
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")


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
