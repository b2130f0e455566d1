"""How values and names of columns are written for people.

Lives here: labels, numbers, days, and text that cannot act as markup or reverse a line. Does not live here:
pages (``content.py``) and HTML (``templates``).
"""

import re
from datetime import date

_SHORT = {
    "gp": "GP",
    "pcn": "PCN",
    "icb": "ICB",
    "hq": "head office",
    "nhs": "NHS",
    "ods": "ODS",
    "pcns": "PCNs",
    "icbs": "ICBs",
}
# A name may be a megabyte long.
MOST_SHOWN = 300
# Characters that XML forbids, that move the cursor, or that reverse what is around them.
HARMFUL = (
    r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"  # for Python and Polars
)
_HARMFUL = re.compile(HARMFUL)
_SAFE_IN_A_PATH = re.compile("[^A-Z0-9]")


def label(name: str) -> str:
    """Return the name of a column, a kind of change or an openness in words."""
    words = [_SHORT.get(word, word) for word in name.split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def kind_name(kind: str) -> str:
    """Return a kind of organisation in words, e.g. GP practice."""
    return label(kind)


def clean(text: str) -> str:
    """Return text of the register without control characters; each becomes U+FFFD."""
    return _HARMFUL.sub("\ufffd", text)


def shortened(text: str) -> str:
    """Return text cut to what a page can show of one value; a CSV file always has all of it."""
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"


def slug(code: str) -> str:
    """Return a code as part of a file name: other characters than A-Z and 0-9 become their number.

    Two codes never share a slug, even where file names do not distinguish case.
    """
    return _SAFE_IN_A_PATH.sub(lambda match: f"_{ord(match[0]):x}_", code)


def shown(value: object, column: str = "") -> str:
    """Return a value as a page shows it.

    Numbers have commas, except years and ids; days are ISO; null is empty.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        is_number = column != "year" and not column.endswith("_id")
        return f"{value:,}" if is_number else str(value)
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if isinstance(value, date):
        return value.isoformat()
    return shortened(clean(str(value)))
