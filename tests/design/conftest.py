from pathlib import Path

import pytest

from cevnsjax.design import Variable
from cevnsjax.experiment import named_experiment


@pytest.fixture(scope="session")
def small():
    return named_experiment(str(Path(__file__).parent / "small.toml"))


@pytest.fixture(scope="session")
def variables():
    """One of each kind of number that may be chosen."""
    return (
        Variable(name="mass", where="mass_kg", low=1.0, high=50.0, logarithmic=True, price=10.0, unit="kg"),
        Variable(name="threshold", where="response.threshold_keV", low=0.3, high=0.8, price=10.0, power=-1.0),
        Variable(name="edge", where="response.edges_keV.1", low=0.85, high=2.0),
        Variable(name="noise", where="response.resolution.noise_keV", low=0.02, high=0.2, price=3.0, power=-1.0),
        Variable(name="baseline", where="sources.sns.flux.baseline_m", low=15.0, high=30.0),
        Variable(name="background", where="backgrounds.steady_state.counts_per_keV_kg_day", low=0.03, high=1.0),
    )
