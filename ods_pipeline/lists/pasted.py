"""Lists as they are pasted from a query or a program: ods_code IN ('RRP', 'TAF'), codes = ["RRP", "TAF"].

And conditions: ods_code = 'RRP' OR ods_code = 'TAF'. Lives here: the texts of such a list, with their lines.
Does not live here: which codes they are (``codes.py``), and JSON (``records.py``).
"""

import re

from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.codes import ENOUGH, share_of_codes

_TEXT = r"""(?:'[^'\n]{1,40}'|"[^"\n]{1,40}")"""
# What is between two texts: commas, line ends, and the comment at the end of a line.
_GAP = r"(?:[,\s]|(?:--|\#|//)[^\n]*)*+"
# Brackets with nothing but texts in them, at the beginning or after a word, an equals sign or a colon;
# after a comma or a quote they are a cell of a table. The next of several values: VALUES ('RRP'), ('TAF').
_LIST = (
    rf"(?:[\w=:(]\s*[(\[{{]|^\s*[\[{{])(?P<texts>{_GAP}{_TEXT}(?:{_GAP}{_TEXT})*+{_GAP})[)\]}}]"
    rf"|(?<=\)),{_GAP}\((?P<text>\s*{_TEXT}\s*)\)"
)
# What a column is compared with in a condition: code = 'RRP', code <> "TAF". Not ="RRP", a cell of a table.
_COMPARED = rf"""[\w\])"`]\s*(?:==?|<>|!=|\s(?i:like)\s)\s*(?P<compared>{_TEXT})"""
_CONDITION = re.compile(rf"{_LIST}|{_COMPARED}")
# A code without quotes: three letters, or a digit among three to twelve characters. After IN, an equals sign,
# a colon or the c( of R alone: other words have a code in brackets, too.
_BARE = r"(?:[A-Za-z]{3}|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{3,12})(?![\w.])"
_ITEM = rf"(?:{_TEXT}|{_BARE})"
_BARE_LIST = re.compile(
    rf"(?:(?i:\bin|\bc)|[=:])\s*[(\[{{]({_GAP}{_ITEM}(?:\s*,{_GAP}{_ITEM})*+{_GAP})[)\]}}]"
)
_EACH = re.compile(r"""'([^'\n]*)'|"([^"\n]*)"|(?:--|\#|//)[^\n]*""")
_EACH_ITEM = re.compile(rf"{_EACH.pattern}|\b({_BARE})")
_QUERY = re.compile(r"(?i)\s*(--.*\n\s*)*(select|with|where|and|delete|update|case\s+when)\b")
_NOTE = "the texts in brackets or conditions are read, and nothing around them"


def pasted_list(text: str) -> Cells | None:
    """Return the texts of the lists in brackets and of conditions as one column, or None.

    The file is made of them if most of them are codes, and if it begins as a query or has fewer lines outside
    of the brackets than texts in them: a table may have such brackets in some of its cells.
    """
    quoted, bare = _texts_of(text, _CONDITION, _EACH), _texts_of(text, _BARE_LIST, _EACH_ITEM)
    # Both: ods_code IN ('RRP') AND parent IN (TAF).
    return bare if quoted is None or (bare and len(bare.lines) > len(quoted.lines)) else quoted


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
