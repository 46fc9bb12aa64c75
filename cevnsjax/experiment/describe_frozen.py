"""What of an experiment is computed before a fit, in words."""

from cevnsjax.experiment.experiment import Experiment
from cevnsjax.experiment.frozen_stages import Folded, Pair
from cevnsjax.experiment.joint import Joint
from cevnsjax.experiment.template import PreparedTemplate
from cevnsjax.response import AbstractResponse, DepositEfficiency, SplitResponse, TabulatedResponse
from cevnsjax.response.polynomial import PolynomialResponse

_ANEW = "computed anew"


def describe_frozen(experiment: Experiment | Joint) -> dict[str, str]:
    """What is computed beforehand of each signal and background of the experiment of a model, and what is not.

    Parameters
    ----------
    experiment
        As :func:`cevnsjax.experiment.freeze` returns it, or a model has it.

    Returns
    -------
    dict
        A sentence for each, by its name; with that of the experiment in front where there are several.
    """
    if isinstance(experiment, Joint):
        parts = {name: describe_frozen(part) for name, part in experiment.parts.items()}
        return {f"{name}: {what}": words for name, part in parts.items() for what, words in part.items()}
    signals = {f"{pair[0]} of {pair[1]}": _signal(experiment, pair) for pair in experiment.pairs}
    return signals | {name: _background(experiment, name) for name in experiment.backgrounds}


def _signal(experiment: Experiment, pair: Pair) -> str:
    frozen = experiment.frozen
    if pair in frozen.unseen:
        return "nothing of it is seen"
    if pair in frozen.signals:
        return _times("counts", frozen.signals[pair])
    events = f"nodes {'computed once' if pair in frozen.nodes else _ANEW}, events {_ANEW}"
    if pair in frozen.events:
        events = _times("events", frozen.events[pair])
    elif pair in frozen.few_nodes:
        few, nodes = frozen.few_nodes[pair].spread.shape
        events = f"events {_ANEW} on {few} nodes, which tell those on {nodes}"
    if pair in frozen.columns:
        table = frozen.columns[pair]
        moved = f" of {' and '.join(table.ends.paths)}" if table.ends.paths else ""
        words = f"{events}, response as {len(table.degrees)} polynomials{moved}, exact to 1e-9 of the largest bin"
        if pair in frozen.kinked:
            low, high = frozen.kinked[pair].ends_keV
            words += f"; on nodes that move with the kink of quenching between {low:g} and {high:.3g} keV, to 1e-5"
        return words
    return f"{events}, response {'computed once' if pair in frozen.kernels else _response(experiment.response)}"


def _background(experiment: Experiment, name: str) -> str:
    if name in experiment.frozen.backgrounds:
        return _times("counts", experiment.frozen.backgrounds[name])
    prepared = isinstance(experiment.backgrounds[name], PreparedTemplate)
    return f"{'histograms computed once, ' if prepared else ''}counts {_ANEW}"


def _times(what: str, folded: Folded) -> str:
    factors = [path if power == 1.0 else f"{path}^{power:g}" for path, power in folded.powers]
    return " x ".join([f"{what} computed once", *factors])


def _response(response: AbstractResponse) -> str:
    while isinstance(response, SplitResponse | DepositEfficiency):
        response = response.response
    if isinstance(response, PolynomialResponse):
        terms = response.coefficients.shape[0] * response.coefficients.shape[1]
        return f"as {terms} polynomials, exact to 1e-9 of the peak of each bin"
    return "as a cubic spline in energy" if isinstance(response, TabulatedResponse) else _ANEW
