"""Codes in the shapes that ODS uses, all distinct.

No two shapes of ``kinds.csv`` give the same code (a test compares them all). No shape gives a code of the
form ANANA that starts with one of ``_ANANA_STARTS``.
"""

import numpy as np

from ods_pipeline_tests.factory.dice import Numbers

_DIGITS, _LETTERS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ANANA_STARTS = "DGHJKLSWXZ"
_CHARACTERS = {
    "#": _DIGITS,
    "@": _LETTERS,
    "*": _DIGITS + _LETTERS,
    "^": "ABCDEFGHJKLMNP",
    "!": _ANANA_STARTS,
}
_ANANA = "!#@#@"
# The step through a shape's codes shares no factor with their number, so it visits every code once.
_STEP = 104_729


def capacity(shape: str) -> int:
    """Return how many codes a shape (without ``+``) has."""
    if " " in shape:
        return len(shape.split())
    return int(np.prod([len(_CHARACTERS.get(character, character)) for character in shape], dtype=np.int64))


def spell(shape: str, numbers: Numbers) -> Numbers:
    """Return the codes of a shape with these numbers (0 to its capacity, exclusive), as an array of text."""
    if " " in shape:
        return np.array(shape.split())[numbers]
    rest = np.asarray(numbers, dtype=np.int64)
    text = np.full(len(rest), "", dtype="U1")
    for character in reversed(shape):
        letters = np.array(list(_CHARACTERS.get(character, character)))
        text = np.char.add(letters[rest % len(letters)], text)
        rest = rest // len(letters)
    return text


def scattered(shape: str, numbers: Numbers) -> Numbers:
    """Return the same codes as ``spell``, but neighbouring numbers do not give neighbouring codes."""
    return spell(shape, (np.asarray(numbers, dtype=np.int64) * _STEP) % capacity(shape))


def anana(numbers: Numbers) -> Numbers:
    """Return codes as ODS assigns them since October 2020: letter, digit, letter, digit, letter."""
    return scattered(_ANANA, numbers)


def anana_capacity() -> int:
    """Return how many codes ``anana`` has."""
    return capacity(_ANANA)
