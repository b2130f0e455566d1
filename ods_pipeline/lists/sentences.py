"""Codes in sentences, as in an e-mail: Please check RRP, TAF and E83003.

Lives here: which files are sentences, and the words of them that may be codes. Does not live here: whether
such a word is one, which only the register knows (``steps/listed.sql``).
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from ods_pipeline.lists.cells import Cells

_WORD = re.compile(r"[A-Za-z0-9]+")
# Five characters or more, letters and digits: hardly anything but a code. Not COVID19, 1st2026 or 12AUG26.
_DISTINCT = re.compile(
    r"(?i)(?![a-z]{4,}[0-9]+$)(?![0-9]{1,2}(?:st|nd|rd|th|am|pm))"
    r"(?![0-9]*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[0-9]*$)"
    r"(?=[a-z]*[0-9])(?=[0-9]*[a-z])[a-z0-9]{5,12}"
)
# Three or four characters: a code in capitals only, and often something else. Not 1ST, 2ND.
_SHORT = re.compile(
    r"(?![0-9]+(?:ST|ND|RD|TH|AM|PM)$)(?:[A-Z]{3}|(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-Z0-9]{3,4})"
)
_SMALL = re.compile(r"(?!and|the|for|are|was|has|not|but|you|all)[a-z]{3}")
_NO_CODES = {"NHS", "ODS", "ORD", "ICB", "ICS", "PCN", "CCG", "PCT", "CQC", "CSU", "FYI", "CSV", "PDF", "URL"}
# Words of a sentence; E83003 and E83005 is none.
_OTHER = re.compile(r"(?!and$)[A-Za-z]?[a-z]{2,}")
# Between the codes of a run: RRP, TAF and E83003.
_BETWEEN = re.compile(r"(?:[\s,;/&+()\"']|\b(?:and|or)\b)+")
_SEPARATOR = re.compile(r"[,;/&+]|\b(?:and|or)\b")
_POSTCODE = re.compile(r"\b[A-Za-z]{1,2}[0-9][0-9A-Za-z]? [0-9][A-Za-z]{2}\b")
# A comma in a sentence has a blank after it, or is in a number.
_OF_TABLE = re.compile(r"[\t|\u2502]|;(?=\S)|(?<![0-9]),(?=\S)|,(?=[^\s0-9])")
_ENDS = re.compile(r"[.?!:][\s)\"']*$")
# A sentence with one code has this many other words.
_WORDS = 3
# A longer text is a list.
_LONGEST = 200_000
_NOTE = "this is text, not a table: the words in it that may be codes are read, and nothing else"


@dataclass
class _Word:
    """A word of a line that may be a code, and whether it certainly is meant as one."""

    text: str
    begin: int
    end: int
    is_distinct: bool
    is_sure: bool

    @property
    def is_small(self) -> bool:
        return not self.is_distinct and self.text.islower()


def codes_in_sentences(text: str) -> Cells | None:
    """Return the words that may be codes as one column, or None if the file is a table or a plain list.

    It is text if no line with codes has a delimiter of a table, and at least half of them are sentences. A
    word of three letters among others is doubtful: it is an entry if the register holds it.
    """
    if len(text) > _LONGEST:
        return None
    lines, words, sentences, with_codes, commas = [], [], 0, 0, []
    for number, line in enumerate(text.splitlines(), 1):
        codes = _codes_in(line)
        if not codes:
            continue
        if _OF_TABLE.search(line):
            return None
        with_codes += 1
        sentences += _is_sentence(line, codes)
        commas.append(line.count(","))
        lines += [number] * len(codes)
        words += codes
    # Three lines or more with the same number of commas are a table whose cells have a blank in front.
    is_table = len(commas) > 2 and min(commas) > 0 and len({*commas}) == 1
    if is_table or not sentences or 2 * sentences < with_codes:
        return None
    doubtful = frozenset(n for n, word in enumerate(words) if not word.is_sure)
    return Cells(lines, [[word.text for word in words]], names=[""], notes=[_NOTE], doubtful=doubtful)


def _codes_in(line: str) -> list[_Word]:
    """Return the words of a line that may be codes, in small letters only next to a distinct one."""
    plain = _POSTCODE.sub(lambda found: " " * len(found[0]), line)
    words, all_words = [], list(_WORD.finditer(plain))
    for found in all_words:
        is_distinct = bool(_DISTINCT.fullmatch(found[0]))
        is_short = bool(_SHORT.fullmatch(found[0])) and found[0] not in _NO_CODES
        if is_distinct or is_short or _SMALL.fullmatch(found[0]):
            is_bracketed = plain.endswith("(", 0, found.start()) and plain.startswith(")", found.end())
            is_alone = len(all_words) == 1
            is_sure = is_distinct or (is_short and (is_bracketed or is_alone))
            words.append(_Word(found[0], found.start(), found.end(), is_distinct, is_sure))
    kept = []
    for run in _runs(plain, words):
        has_distinct = any(word.is_distinct for word in run)
        capitals = sum(not word.is_small for word in run)
        for word in run:
            word.is_sure |= capitals > 1 and not word.is_small
        kept += [word for word in run if not word.is_small or has_distinct]
    return kept


def _runs(line: str, words: list[_Word]) -> list[list[_Word]]:
    """Return the words in runs: those with nothing but commas, blanks, and or or between them."""
    runs = [words[:1]] if words else []
    for before, word in pairwise(words):
        gap = line[before.end : word.begin]
        is_joined = _BETWEEN.fullmatch(gap) and (
            _SEPARATOR.search(gap) or not (before.is_small or word.is_small)
        )
        if is_joined:
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _is_sentence(line: str, codes: list[_Word]) -> bool:
    """Return whether a line is a sentence, and no entry of a list: E83003 Oakleigh Surgery."""
    others = sum(1 for found in _WORD.finditer(line) if _OTHER.fullmatch(found[0]))
    begins_with_code = not _WORD.search(line[: codes[0].begin])
    has_end = others >= _WORDS and bool(_ENDS.search(line))
    if len(codes) == 1 or has_end:
        return has_end and not (len(codes) == 1 and begins_with_code)
    is_run = bool(_BETWEEN.fullmatch(line[codes[0].end : codes[1].begin]))
    return others > 0 and (is_run or not begins_with_code)
