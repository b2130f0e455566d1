"""Lists as they are pasted from a query or a program: ods_code IN ('RRP', 'TAF'), codes = ["RRP", "TAF"].

And records in JSON, as an API returns them. Lives here: the texts of such a list, with their lines. Does not
live here: which codes they are (``codes.py``).
"""

import json
import re
from typing import TypeGuard

from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.codes import ENOUGH, share_of_codes

_TEXT = r"""(?:'[^'\n]{1,40}'|"[^"\n]{1,40}")"""
# What is between two texts: commas, line ends, and the comment at the end of a line.
_GAP = r"(?:[,\s]|(?:--|\#|//)[^\n]*)*+"
# Brackets with nothing but texts in them, at the beginning or after a word, an equals sign or a colon;
# after a comma or a quote they are a cell of a table. The next of several values: VALUES ('RRP'), ('TAF').
_LIST = re.compile(
    rf"(?:[\w=:(]\s*[(\[{{]|^\s*[\[{{])(?P<texts>{_GAP}{_TEXT}(?:{_GAP}{_TEXT})*+{_GAP})[)\]}}]"
    rf"|(?<=\)),{_GAP}\((?P<text>\s*{_TEXT}\s*)\)"
)
# A code without quotes: three letters, or a digit among three to twelve characters. After IN, an equals sign,
# a colon or the c( of R alone: other words have a code in brackets, too.
_BARE = r"(?:[A-Za-z]{3}|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{3,12})(?![\w.])"
_ITEM = rf"(?:{_TEXT}|{_BARE})"
_BARE_LIST = re.compile(
    rf"(?:(?i:\bin|\bc)|[=:])\s*[(\[{{]({_GAP}{_ITEM}(?:\s*,{_GAP}{_ITEM})*+{_GAP})[)\]}}]"
)
_EACH = re.compile(r"""'([^'\n]*)'|"([^"\n]*)"|(?:--|\#|//)[^\n]*""")
_EACH_ITEM = re.compile(rf"{_EACH.pattern}|\b({_BARE})")
_QUERY = re.compile(r"(?i)\s*(--.*\n\s*)*(select|with|where|and|delete|update)\b")
_NOTE = "the texts in brackets are read, and nothing around them"


def pasted_list(text: str) -> Cells | None:
    """Return the texts of the lists in brackets as one column, or None if the file is not made of them.

    It is if most of them are codes, and if it begins as a query or has fewer lines outside of the brackets
    than texts in them: a table may have such brackets in some of its cells.
    """
    return _texts_of(text, _LIST, _EACH) or _texts_of(text, _BARE_LIST, _EACH_ITEM)


def _texts_of(text: str, a_list: re.Pattern[str], an_item: re.Pattern[str]) -> Cells | None:
    lists = list(a_list.finditer(text))
    lines, texts, line, counted = [], [], 1, 0
    for found in lists:
        for each in an_item.finditer(text, *found.span(found.lastindex or 0)):
            line, counted = line + text.count("\n", counted, each.start()), each.start()
            if each.lastindex:
                lines.append(line)
                texts.append(each[each.lastindex])
    if not lists or share_of_codes(texts) < ENOUGH:
        return None
    outside = [rest for rest in a_list.sub("", text).splitlines() if rest.strip(" \t,;)(")]
    is_pasted = len(outside) < len(texts) or _QUERY.match(text)
    # No header: the first text is one of the list, whatever it is.
    return Cells(lines, [texts], names=[""], notes=[_NOTE]) if is_pasted else None


def records(text: str) -> Cells | None:
    """Return JSON objects, one a line or in a list, as a table; None if the file is something else.

    The list may be in an object, as the ORD API returns it. The lines are those of the file if each has an
    object, else the numbers of the objects.
    """
    if text.lstrip()[:1] not in ("{", "["):
        return None
    filled = {n: line for n, line in enumerate(text.splitlines(), 1) if line.strip()}
    try:
        objects = {n: json.loads(line) for n, line in filled.items()}
    except (ValueError, RecursionError):
        objects = {}
    try:
        if len(objects) < 2:
            whole = json.loads(text)
            inside = [whole, *whole.values()] if isinstance(whole, dict) else [whole]
            objects = dict(enumerate(next(filter(_are_objects, inside), [whole]), 1))
    except (ValueError, RecursionError):
        return None
    if not objects or not all(isinstance(each, dict) for each in objects.values()):
        return None
    names = list(dict.fromkeys(name for each in objects.values() for name in each))
    columns = {name: [_as_text(each.get(name)) for each in objects.values()] for name in names}
    filled_columns = {name: column for name, column in columns.items() if any(column)}
    return (
        Cells(list(objects), [*filled_columns.values()], names=[*filled_columns]) if filled_columns else None
    )


def _are_objects(value: object) -> TypeGuard[list[dict]]:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(each, dict) for each in value)


def _as_text(value: object) -> str | None:
    return None if value is None or isinstance(value, dict | list) else str(value)
