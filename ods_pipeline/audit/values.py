"""One value of a raw file in its canonical form: texts, days, flags and numbers, each None or text.

Lives here: how one value is read, and which rule it may break. Does not live here: which values a record has
(``records.py``).
"""

import re
from collections.abc import Callable
from datetime import date

from ods_pipeline.audit.reading import Part

Text = str | None

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOST_DIGITS = 18


class BrokenRuleError(Exception):
    """A value that breaks a rule, which the message names."""


def _cached(read: Callable[[str], str]) -> Callable[[Text], Text]:
    """Cache a conversion of short texts that occur often, so that each is converted and kept once."""
    known: dict[str, str] = {}

    def cached(text: Text) -> Text:
        if text is None:
            return None
        value = known.get(text)
        if value is None:
            value = known[text] = read(text)
        return value or None

    return cached


def _read_day(text: str) -> str:
    day = text.strip()
    try:
        require(not day or bool(_DAY.fullmatch(day) and date.fromisoformat(day)), "bad_date")
    except ValueError:
        raise BrokenRuleError("bad_date") from None
    return day


def _read_flag(text: str) -> str:
    flag = text.strip().lower()
    require(flag in ("", "true", "false"), "bad_flag")
    return flag


day_of, flag_of = _cached(_read_day), _cached(_read_flag)


def number_of(text: Text) -> Text:
    """Return a whole number without leading zeros; None if nothing is there. Raises BrokenRuleError."""
    number = (text or "").strip()
    if not number:
        return None
    require(number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS, "bad_number")
    return number if number[0] != "0" else str(int(number))


_SHARED: dict[str, str] = {}
_SHORT = 9


def clean(text: Text) -> Text:
    """Return a text without white space around it; None if nothing is left.

    Equal short texts share one object.
    """
    text = text.strip() if text else None
    if text and len(text) <= _SHORT:
        return _SHARED.setdefault(text, text)
    return text or None


def value_of(part: Part, path: str) -> Text:
    """Return the text of an element's attribute ``value``; None if nothing is there."""
    return clean(part.get(path, {}).get("value"))


def require(holds: bool, rule: str) -> None:
    """Raise BrokenRuleError with the name of the rule unless it holds."""
    if not holds:
        raise BrokenRuleError(rule)
