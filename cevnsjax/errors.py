"""The errors that cevnsjax raises: each message is one sentence that names what was given and what is allowed."""

import difflib
from collections.abc import Iterable


class CevnsjaxError(ValueError):
    """Base class of every error that bad input can cause."""


def near_matches(given: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """End a message about a name that is not known.

    Parameters
    ----------
    given
        The name.
    known
        Names that there are: those like it are offered.
    otherwise
        What is said where none is; a list of all that are known by default.
    """
    names = sorted(known)
    near = difflib.get_close_matches(given, names, n=4, cutoff=0.5)
    near = near or [name for name in names if given and given in name][:4]
    if near:
        return f"did you mean {', '.join(map(repr, near))}?"
    return otherwise or f"known: {', '.join(map(repr, names)) or 'none'}."


def number_of(count: int, what: str) -> str:
    """Write how many there are of something: ``"1 parameter"``, ``"2 parameters"``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


class UnknownNameError(CevnsjaxError):
    """An experiment, model, parameter or path that does not exist; the message lists the near matches."""

    def __init__(self, kind: str, given: str, known: Iterable[str], otherwise: str | None = None):
        super().__init__(f"There is no {kind} called {given!r}; {near_matches(given, known, otherwise)}")


class ParameterError(CevnsjaxError):
    """A parameter, prior or starting value that cannot be used."""


class OutputError(CevnsjaxError):
    """A file or folder that cannot be written or read back."""


class InterruptedRun(CevnsjaxError):
    """A run that was stopped before its end; what was sampled is on disk."""
