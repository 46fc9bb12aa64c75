"""Pairs of an experiment and a model offered for it, drawn anew each day, for checks that are too many to do all."""

import datetime
import functools
import os

import numpy as np

from cevnsjax.cli.list_command import offered_models
from cevnsjax.experiment import EXPERIMENTS

SEED = int(os.environ.get("CEVNSJAX_PAIRS_SEED", str(datetime.datetime.now(datetime.UTC).toordinal())))
"""What pairs are drawn with: the day, unless ``CEVNSJAX_PAIRS_SEED`` says otherwise."""


def number_of_pairs(default: int) -> int:
    """How many pairs a test draws: ``CEVNSJAX_PAIRS``, or a few."""
    return int(os.environ.get("CEVNSJAX_PAIRS", str(default)))


@functools.cache
def random_pair(index: int) -> tuple[str, str]:
    """Draw a pair, every experiment once before any comes again."""
    order = np.random.default_rng(SEED).permutation(list(EXPERIMENTS))
    name = str(order[index % len(order)])
    return name, str(np.random.default_rng((SEED, index)).choice(offered_models(name)))
