"""Models by name: what they add to an experiment, and what they offer to be free."""

from cevnsjax.models.catalogue import MODELS, WITH_ELECTRONS, named_model
from cevnsjax.models.named_model import NamedModel

__all__ = ["MODELS", "WITH_ELECTRONS", "NamedModel", "named_model"]
