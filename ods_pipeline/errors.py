"""Errors meant to be read by people: what happened, in which file or code, what to do next.

Lives here: the one exception family that the command line prints as a single line.
Does not live here: programming errors, which keep their traceback.
"""


class OdsError(Exception):
    """Something outside the program is wrong, and the message says what to do about it.

    The text is one line: ``<file or code>: <what>. <what to do next>.``
    """

    def __init__(self, what: str, *, where: object = None, do: str = "") -> None:
        self.what, self.where, self.do = what.rstrip("."), where, do.rstrip(".")
        prefix = f"{where}: " if where is not None else ""
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


def _rebuild(name: str) -> OdsError:
    cls: type[OdsError] = {c.__name__: c for c in (OdsError, BadRelease, BadFetch, Unreachable, Busy)}[name]
    return cls.__new__(cls)
