"""Codes in the shapes that ODS uses, all distinct.

Two shapes of ``kinds.csv`` never give the same code (a test holds them against each other), and no shape
gives a code of the form ANANA that starts with one of ``_ANANA_STARTS``.
"""

import numpy as np

from ods_pipeline_tests.factory.dice import Numbers

_DIGITS, _LETTERS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ANANA_STARTS = "DGHJKLSWXZ"
_SIGNS = {
    "#": _DIGITS,
    "@": _LETTERS,
    "*": _DIGITS + _LETTERS,
    "^": "ABCDEFGHJKLMNP",
    "!": _ANANA_STARTS,
}
_ANANA = "!#@#@"
# Steps through a shape's codes that share no factor with 2, 3, 5, 7 or 13, and so meet every code once.
_STEP = 104_729


def capacity(shape: str) -> int:
    """How many codes a shape (without ``+``) has."""
    if " " in shape:
        return len(shape.split())
    return int(np.prod([len(_SIGNS.get(sign, sign)) for sign in shape], dtype=np.int64))


def spell(shape: str, numbers: Numbers) -> Numbers:
    """The codes of a shape with these numbers (0 to its capacity, exclusive); an array of text."""
    if " " in shape:
        return np.array(shape.split())[numbers]
    rest = np.asarray(numbers, dtype=np.int64)
    text = np.full(len(rest), "", dtype="U1")
    for sign in reversed(shape):
        letters = np.array(list(_SIGNS.get(sign, sign)))
        text = np.char.add(letters[rest % len(letters)], text)
        rest = rest // len(letters)
    return text


def scattered(shape: str, numbers: Numbers) -> Numbers:
    """Like ``spell``, but neighbours in number are no neighbours in code; the codes are the same."""
    return spell(shape, (np.asarray(numbers, dtype=np.int64) * _STEP) % capacity(shape))


def anana(numbers: Numbers) -> Numbers:
    """Codes as given since October 2020: letter, digit, letter, digit, letter."""
    return scattered(_ANANA, numbers)


def anana_capacity() -> int:
    """How many codes ``anana`` has."""
    return capacity(_ANANA)
