"""Days as people type them as the values of options.

Lives here: how they are read. Does not live here: the options themselves, and kinds (``listing.py``).
"""

import re
import time
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from cyclopts import Parameter, Token

# As people in Britain write days: the day before the month, unless the year comes first.
_FORMS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"),
    *("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y"),
)


def day_of(text: str) -> date:
    """Return the day that a text names: 2024-10-31, 31/10/2024, 31st October 2024.

    Raises:
        ValueError: It names none, or has two digits for a year.
    """
    words = re.sub(r"(?i)(?<=\d)(st|nd|rd|th)\b(\s+of\b)?|[,.](?=\s|$)", "", text.strip())
    words = re.sub(r"(?<=\d)-(?=[A-Za-z])|(?<=[A-Za-z])-(?=\d)|\s+", " ", words)
    words = re.sub(r"(?i)\bsept\b", "sep", words)
    for form in _FORMS:
        try:
            return date(*time.strptime(words, form)[:3])
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not a day. Give one such as 2024-10-31 or 31 October 2024")


def _as_day(type_: object, tokens: Sequence[Token]) -> date:
    return day_of(tokens[0].value)


Day = Annotated[date | None, Parameter(converter=_as_day)]
