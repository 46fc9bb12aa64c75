"""What is said of work that takes long: how much of it is done, since when, and for how long still."""

import logging
import time
from collections.abc import Callable

FIRST_S, EVERY_S = 2.0, 5.0
"""Seconds before anything is said, and between two times."""

LOGGER = "cevnsjax"
"""Name of the logger that the package tells what takes long, at the level INFO: nothing is seen of it unless asked."""


class Patience:
    """How far some work is, in lines that come after two seconds and then every five at most.

    What remains is reckoned from what was done since the first look, so that compiling before it does not count.

    Parameters
    ----------
    what
        What is done: the line begins with it.
    clock
        Seconds that pass.
    """

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic):
        self.what, self._clock = what, clock
        self._begin_s = self._said_s = clock()
        self._first: tuple[float, int | float] | None = None
        self._wait_s = FIRST_S

    def line(self, done: int | float, total: int | float | None = None, unit: str = "") -> str | None:
        """The line of a look at the work; ``None`` where it is too early for one, or all is done.

        Parameters
        ----------
        done, total
            How much is done, and of how much if that is known.
        unit
            Of what.
        """
        now_s = self._clock()
        if self._first is None:
            self._first = (now_s, done)
        if now_s - self._said_s < self._wait_s or (total is not None and done >= total):
            return None
        self._said_s, self._wait_s = now_s, EVERY_S
        passed = f"after {duration(now_s - self._begin_s)}"
        unit = f" {unit}" if unit else ""
        if not total:
            return f"{self.what}: {done:.0f}{unit} {passed}"
        since_s, before = self._first
        left = duration((now_s - since_s) * (total - done) / (done - before)) if done > before else "?"
        return f"{self.what}: {done:.0f} of {total:.0f}{unit} ({100.0 * done / total:.0f} %) {passed}, {left} left"

    def log(self, done: int | float, total: int | float | None = None, unit: str = "") -> None:
        """Tell the package's logger the line of a look at the work."""
        if (line := self.line(done, total, unit)) is not None:
            logging.getLogger(LOGGER).info(line)


def duration(seconds: int | float) -> str:
    """A time in the two largest of its units: ``"42 s"``, ``"3 min 5 s"``, ``"2 h 10 min"``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, left = divmod(whole, 60)
    return f"{minutes} min {left} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
