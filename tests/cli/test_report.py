"""The report of a fit: how well the model describes the data."""

import jax
import numpy as np
import numpyro.distributions as dist
import pytest

from cevnsjax.cli import report
from cevnsjax.cli.report import goodness_of_fit, print_summary
from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.inference import Model, Posterior, posterior_predictive_p_value
from cevnsjax.parameter import Parameter

pytestmark = pytest.mark.usefixtures("standard_promotion")
ROW = {"mean": 1.0, "sd": 0.1, "bands_68": [[0.9, 1.1]], "bands_90": [[0.8, 1.2]], "hdi_90": [0.8, 1.2]}
ROW |= {"ess_bulk": 500.0, "ess_tail": 500.0, "r_hat": 1.0}


@pytest.fixture(scope="module")
def posterior():
    model = Model(coherent_csi_2021(), [Parameter("signal_norm", dist.Uniform(0.0, 3.0), "signal_norm")])
    samples = {"signal_norm": np.full((2, 50), 0.9)}
    return Posterior(model, samples, {"diverging": np.zeros((2, 50), dtype=bool)})


def test_goodness_of_fit(posterior, capsys):
    found = goodness_of_fit(posterior)
    checks = posterior_predictive_p_value(posterior, jax.random.key(0))
    assert {name: row["p_value"] for name, row in found.items()} == {name: c.p_value for name, c in checks.items()}
    assert set(found["deviance"]) == {"p_value", "observed", "replicated", "replicated_sd"}
    content = {"parameters": {"signal_norm": ROW}, "best_fit": None}
    print_summary(content | {"goodness_of_fit": found}, {"signal_norm": ""}, "title")
    line = " ".join(capsys.readouterr().out.split())
    assert "posterior predictive p-values: " in line
    assert f"{found['total of coincidence']['p_value']:.3f} (total of coincidence)" in line
    # of a prediction nothing is said
    asimov = Posterior(Model(posterior.model.experiment.asimov(), posterior.model.parameters), posterior.samples, {})
    assert goodness_of_fit(asimov) == {}
    print_summary(content | {"goodness_of_fit": {}}, {"signal_norm": ""}, "title")
    assert "p-values" not in capsys.readouterr().out


def test_a_fit_does_not_need_it(posterior, capsys, monkeypatch):
    def fails(*_):
        raise MemoryError("too much")

    monkeypatch.setattr("cevnsjax.inference.posterior_predictive_p_value", fails)
    assert report.goodness_of_fit(posterior) == {}
    assert "there is no goodness of fit (MemoryError: too much)" in capsys.readouterr().err
