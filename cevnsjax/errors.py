"""The errors that cevnsjax raises: each message is one sentence that names what was given and what is allowed."""

import difflib
from collections.abc import Iterable

MOST_LISTED = 12
"""Names that a message lists at most."""


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
    names = sorted(map(str, known))
    by_folded: dict[str, list[str]] = {}
    for name in names:  # upper and lower case are no difference
        by_folded.setdefault(name.casefold(), []).append(name)
    folded = given.casefold()
    alike = [folded] if folded in by_folded else difflib.get_close_matches(folded, by_folded, n=4, cutoff=0.5)
    alike = alike or [name for name in by_folded if folded and folded in name][:4]
    near = [name for each in alike for name in by_folded[each]]
    if near:
        return f"did you mean {', '.join(map(repr, near))}?"
    if otherwise is None and len(names) > MOST_LISTED:
        return f"known: {', '.join(map(repr, names[:MOST_LISTED]))} and {len(names) - MOST_LISTED} others."
    return otherwise or f"known: {', '.join(map(repr, names)) or 'none'}."


def number_of(count: int, what: str) -> str:
    """Write how many there are of something: ``"1 parameter"``, ``"2 parameters"``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


class UnknownNameError(CevnsjaxError):
    """An experiment, model, parameter or path that does not exist; the message lists the near matches."""

    def __init__(self, kind: str, given: str, known: Iterable[str], otherwise: str | None = None):
        super().__init__(f"There is no {kind} called {str(given)!r}; {near_matches(str(given), known, otherwise)}")


class ParameterError(CevnsjaxError):
    """A parameter, prior or starting value that cannot be used."""


class OutputError(CevnsjaxError):
    """A file or folder that cannot be written or read back."""


class InterruptedRun(CevnsjaxError):
    """A run that was stopped before its end; what was sampled is on disk."""
