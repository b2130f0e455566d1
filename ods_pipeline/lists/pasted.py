"""Lists as they are pasted from a query or a program: ods_code IN ('RRP', 'TAF'), codes = ["RRP", "TAF"].

Lives here: the texts of such a list, with their lines. Does not live here: which codes they are
(``codes.py``).
"""

import re

from ods_pipeline.lists.cells import Cells
from ods_pipeline.lists.codes import ENOUGH, share_of_codes

_TEXT = r"""(?:'[^'\n]{1,40}'|"[^"\n]{1,40}")"""
# What is between two texts: commas, line ends, and the comment at the end of a line.
_GAP = r"(?:[,\s]|(?:--|\#|//)[^\n]*)*+"
# Brackets with nothing but texts in them, at the beginning or after a word, an equals sign or a colon;
# after a comma or a quote they are a cell of a table.
_LIST = re.compile(rf"(?:[\w=:(]\s*[(\[{{]|^\s*[\[{{]){_GAP}{_TEXT}(?:{_GAP}{_TEXT})*+{_GAP}[)\]}}]")
_EACH = re.compile(r"""'([^'\n]*)'|"([^"\n]*)"|(?:--|\#|//)[^\n]*""")
_QUERY = re.compile(r"(?i)\s*(--.*\n\s*)*(select|with|where|and|delete|update)\b")
_NOTE = "the texts in brackets are read, and nothing around them"


def pasted_list(text: str) -> Cells | None:
    """Return the texts of the lists in brackets as one column, or None if the file is not made of them.

    It is if most of them are codes, and if it begins as a query or has fewer lines outside of the brackets
    than texts in them: a table may have such brackets in some of its cells.
    """
    lists = list(_LIST.finditer(text))
    lines, texts, line, counted = [], [], 1, 0
    for found in lists:
        for each in _EACH.finditer(text, found.start(), found.end()):
            line, counted = line + text.count("\n", counted, each.start()), each.start()
            if each.lastindex:
                lines.append(line)
                texts.append(each[each.lastindex])
    if not lists or share_of_codes(texts) < ENOUGH:
        return None
    outside = [rest for rest in _LIST.sub("", text).splitlines() if rest.strip(" \t,;)(")]
    is_pasted = len(outside) < len(texts) or _QUERY.match(text)
    # No header: the first text is one of the list, whatever it is.
    return Cells(lines, [texts], names=[""], notes=[_NOTE]) if is_pasted else None
