"""What the data say: parameters and priors, likelihood, HMC, profile likelihood."""

from cevnsjax.inference.catalogue import MODELS as MODELS
from cevnsjax.inference.catalogue import NamedModel as NamedModel
from cevnsjax.inference.catalogue import build_model as build_model
from cevnsjax.inference.catalogue import named_model as named_model
from cevnsjax.inference.likelihood import poisson_log_likelihood as poisson_log_likelihood
from cevnsjax.inference.model import Model as Model
from cevnsjax.inference.nuts import Schedule as Schedule
from cevnsjax.inference.posterior import Posterior as Posterior
from cevnsjax.inference.profile import Maximum as Maximum
from cevnsjax.inference.profile import ProfileInterval as ProfileInterval
from cevnsjax.inference.profile import maximum as maximum
from cevnsjax.inference.profile import profile_interval as profile_interval
from cevnsjax.inference.profile import significance as significance
from cevnsjax.inference.run import sample as sample
