"""Where in a description one is: for its messages, for the files that it names, and for what follows from the rest."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from cevnsjax.arrays import short
from cevnsjax.errors import CevnsjaxError, near_matches


class DescriptionError(CevnsjaxError):
    """A description that cannot be read; the message names the file, the key and what is allowed."""


@dataclass(frozen=True)
class Where:
    """A place in a description.

    Attributes
    ----------
    file
        Name of the file, for messages.
    folder
        What paths of tables are relative to.
    keys
        Names of the tables down to here.
    follows
        Values, by name of a field, that follow from the rest of the description where a block does not give them.
    allow_code
        Whether ``kind`` may name a class in a Python file beside the description.
    """

    file: str
    folder: Path
    keys: tuple[str, ...] = ()
    follows: Mapping[str, Any] = field(default_factory=dict)
    allow_code: bool = False

    def at(self, key: str | int) -> "Where":
        """The place one key further."""
        return replace(self, keys=(*self.keys, str(key)))

    def given(self, **follows: Any) -> "Where":
        """The same place, where more is known."""
        return replace(self, follows={**self.follows, **follows})

    def __str__(self) -> str:
        return f"{self.file}: {'.'.join(self.keys)}" if self.keys else self.file

    def fail(self, fault: str) -> NoReturn:
        """Raise a `DescriptionError` about this place."""
        raise DescriptionError(f"{self}: {fault}" if fault.endswith((".", "?")) else f"{self}: {fault}.") from None

    def table(self, value: Any, what: str) -> dict[str, Any]:
        """A value that must be a table."""
        if not isinstance(value, dict):
            self.fail(f"a table is needed ({what}), got {short(value)}")
        return value

    def only(self, table: Mapping[str, Any], known: Iterable[str], what: str = "key") -> None:
        """Refuse keys that are not known, with near matches."""
        known = list(known)
        for key in table:
            if key not in known:
                self.fail(f"there is no {what} {key!r}; {near_matches(key, known)}")

    def text(self, value: Any) -> str:
        """A value that must be some text."""
        if not isinstance(value, str) or not value.strip():
            self.fail(f"some text is needed, got {short(value)}")
        return value

    def path(self, value: Any) -> Path:
        """The path of a file, relative to the description."""
        return self.folder / self.text(value)
