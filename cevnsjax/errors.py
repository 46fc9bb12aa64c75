"""The errors that cevnsjax raises: each message is one sentence that names what was given and what is allowed."""

import difflib
from collections.abc import Iterable


class CevnsjaxError(ValueError):
    """Base class of every error that bad input can cause."""


class UnknownNameError(CevnsjaxError):
    """An experiment, model, parameter or path that does not exist; the message lists the near matches."""

    def __init__(self, kind: str, given: str, known: Iterable[str]):
        names = sorted(known)
        near = difflib.get_close_matches(given, names, n=4, cutoff=0.5)
        hint = f"did you mean {', '.join(map(repr, near))}?" if near else f"known: {', '.join(map(repr, names))}."
        super().__init__(f"There is no {kind} called {given!r}; {hint}")


class ParameterError(CevnsjaxError):
    """A parameter, prior or starting value that cannot be used."""


class OutputError(CevnsjaxError):
    """A file or folder that cannot be written or read back."""


class InterruptedRun(CevnsjaxError):
    """A run that was stopped before its end; what was sampled is on disk."""
