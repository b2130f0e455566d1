"""Errors meant to be read by people: what happened, in which file or code, what to do next.

Lives here: the one exception family that the command line prints as a single line.
Does not live here: programming errors, which keep their traceback.
"""

# What a broken file says of itself may be a megabyte long. A person reads so many characters of it.
MOST_SHOWN, MOST_OF_A_NAME = 1_500, 300


class OdsError(Exception):
    """Something outside the program is wrong, and the message says what to do about it.

    The text is one line: ``<file or code>: <what>. <what to do next>.``
    """

    def __init__(self, what: str, *, where: object = None, do: str = "") -> None:
        self.what, self.where, self.do = _shown(what, MOST_SHOWN).rstrip("."), where, do.rstrip(".")
        prefix = f"{_shown(str(where), MOST_OF_A_NAME)}: " if where is not None else ""
        super().__init__(f"{prefix}{self.what}." + (f" {self.do}." if self.do else ""))

    def with_note(self, note: str) -> "OdsError":
        """The same error with one more thing to know at its end."""
        return type(self)(self.what, where=self.where, do=f"{self.do}. {note}" if self.do else note)

    def __reduce__(self) -> tuple[object, tuple[str], dict[str, object]]:
        return (_rebuild, (type(self).__name__,), {"args": self.args, **self.__dict__})


class BadRelease(OdsError):
    """A TRUD release that cannot be used as it stands; nothing of it enters the register."""


class BadFetch(OdsError):
    """A recorded or live delta fetch that cannot be used as a whole."""


class Unreachable(OdsError):
    """A source gave no usable answer, after all attempts. Later it may."""


class Busy(OdsError):
    """Another process works on this data root."""


class NoRoom(OdsError):
    """The disk is full, or it fails."""


def printable(text: str) -> str:
    """The text as any terminal and any encoding can show it: what a file says of itself must not move the
    cursor, turn the line round or stop the printing. Line ends become blanks."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


def _shown(text: str, most: int) -> str:
    return printable(text if len(text) <= most else text[: most - 1] + "…")


def _rebuild(name: str) -> OdsError:
    kinds = (OdsError, BadRelease, BadFetch, Unreachable, Busy, NoRoom)
    cls: type[OdsError] = {c.__name__: c for c in kinds}[name]
    return cls.__new__(cls)
