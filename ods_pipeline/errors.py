"""Errors meant to be read by people: what happened, in which file or code, what to do next.

Lives here: the one exception family that the command line prints as a single line. Does not live here:
programming errors. They keep their traceback.
"""

from collections.abc import Sequence
from pathlib import Path

# A broken file can bring a message of a megabyte. These are the characters that are shown: of the message,
# and of the name of the file or code in front of it.
MOST_SHOWN, MOST_OF_A_NAME = 1_500, 300
# What to do when a check stopped a job.
NOTHING_PUBLISHED = "Nothing was published; ods-pipeline ui shows the run"


class OdsError(Exception):
    """Something outside the program is wrong, and the message names the remedy.

    The text is one line: ``<file or code>: <what is wrong>. <what to do next>.``

    Args:
        what: What is wrong. Cut after ``MOST_SHOWN`` characters.
        where: The file, code or data root concerned, or None.
        do: What to do next; empty if there is nothing to do.
        set_aside: The files and folders that were set aside for it.
    """

    def __init__(
        self, what: str, *, where: object = None, do: str = "", set_aside: Sequence[Path] = ()
    ) -> None:
        self.set_aside = tuple(set_aside)
        self.what, self.where = _shortened(what, MOST_SHOWN).rstrip("."), where
        self.do = printable(do).rstrip(".")
        prefix = f"{_shortened(str(where), MOST_OF_A_NAME)}: " if where is not None else ""
        super().__init__(f"{prefix}{self.what}." + (f" {_sentence(self.do)}" if self.do else ""))

    def with_note(self, note: str, set_aside: Sequence[Path] = ()) -> "OdsError":
        """Return the same error with a note after what to do, and with the paths that were set aside."""
        do = f"{_sentence(self.do)} {note}" if self.do else note
        return type(self)(self.what, where=self.where, do=do, set_aside=[*self.set_aside, *set_aside])


class BadRelease(OdsError):
    """A TRUD release that cannot be used. None of it enters the register."""


class BadFetch(OdsError):
    """A recorded or live delta fetch that cannot be used as a whole."""


class Unreachable(OdsError):
    """A source gave no usable answer after all attempts. A later run may get one."""


class Busy(OdsError):
    """Another process works on this data root."""


class NoRoom(OdsError):
    """The disk is full, or it fails."""


class OutputFailed(OdsError):
    """What was done is done, but it could not be printed. ``code`` is the exit code of what was done."""

    def __init__(self, what: str, *, do: str, code: int) -> None:
        super().__init__(what, where="standard output", do=do)
        self.code = code


def printable(text: str) -> str:
    r"""Return the text as any terminal and any encoding can show it.

    A message from a broken file or a server must not move the cursor, reverse the line or stop the printing.
    Line ends and other white space become blanks; other characters that cannot be printed, such as escape
    sequences and the controls of the direction of writing, are shown escaped: ``\x1b``, ``\u202e``.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _shortened(text: str, most: int) -> str:
    shown = printable(text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"
