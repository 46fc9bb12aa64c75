"""Progress of a command on stderr: bars on a terminal, and lines every few seconds where that is none."""

import contextlib
from collections.abc import Iterator

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from cevnsjax.cli.common import messages, say
from cevnsjax.patience import Patience


class Stages:
    """The stages of some work, one after the other, each with how much of it is done."""

    def __init__(self, bars: Progress | None):
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}
        self._patience: dict[str, Patience] = {}

    def begin(self, stage: str, total: int | None = None, sentence: str | None = None) -> None:
        """Begin a stage: the bars of those before end, or the sentence is said (nothing, without one)."""
        if self._bars is None:
            self._patience[stage] = Patience(stage)
            if sentence is not None:
                say(sentence)
            return
        for task in self._tasks.values():
            self._bars.stop_task(task)
            if self._bars.tasks[task].total is None:  # of what nobody knows the length
                self._bars.update(task, visible=False)
        self._tasks[stage] = self._bars.add_task(stage, total=total)

    def begun(self, stage: str) -> bool:
        """Whether a stage has begun."""
        return stage in self._tasks or stage in self._patience

    def update(self, stage: str, done: int, total: int, now: str = "") -> None:
        """Say how much of a stage is done, and what is done now."""
        if self._bars is not None:
            self._bars.update(self._tasks[stage], completed=done, total=total, description=now or stage)
        elif (line := self._patience[stage].line(done, total)) is not None:
            say(f"{line}, {now}" if now else line)


@contextlib.contextmanager
def stages(transient: bool = False) -> Iterator[Stages]:
    """Show the progress of what is done inside.

    Parameters
    ----------
    transient
        Whether bars are gone in the end.
    """
    console = messages()
    if not console.is_terminal:
        yield Stages(None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:9}"),
        BarColumn(bar_width=12),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=transient) as bars:
        yield Stages(bars)
