"""What is not known before data are taken."""

import numpy as np

from cevnsjax.arrays import as_float
from cevnsjax.parameter import Parameter
from cevnsjax.prior_quantiles import prior_quantiles

_POINTS = 200


def prior_entropy(parameter: Parameter) -> float:
    """Differential entropy of a prior, nats: minus the mean of its log-density.

    The mean over quantiles, on Gauss-Legendre nodes in a coordinate in which the tails are drawn out.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_POINTS)
    # p = s^2 (3 - 2 s): a log-density that falls in the tails without end is no singularity there
    s = 0.5 * (nodes + 1.0)
    shares = s**2 * (3.0 - 2.0 * s)
    values = as_float(prior_quantiles(parameter.prior, shares))
    densities = np.asarray(parameter.prior.log_prob(values), float)
    return -float(np.sum(0.5 * weights * 6.0 * s * (1.0 - s) * densities))
