"""Tables in HTML, as websites have them and as many systems export them under the name of a workbook.

Lives here: the cells of the tables of a page, with their lines. Does not live here: which column holds the
codes (``columns.py``).
"""

import re
from html.parser import HTMLParser
from itertools import zip_longest

from ods_pipeline.lists.cells import Cells

_IS_HTML = re.compile(r"(?is)\s*<(!doctype\s+html|html|head|body|table|meta|style|div)\b.*<t[dh]\b")
# More columns than this are spanned by a mistake.
_WIDEST = 100
# Left out first: Python's parser takes very long for many that have no end. Their lines count.
_COMMENT = re.compile(r"(?s)<!--.*?(?:-->|\Z)")
_NOTE = "this is HTML: the cells of its tables are read"


def table_in_html(text: str) -> Cells | None:
    """Return the rows of the tables of a page one after the other, or None if the file is no page with one.

    A cell that spans several columns or rows is in the first of them; the other columns are empty there.
    """
    if not _IS_HTML.match(text):
        return None
    reader = _Tables()
    try:
        reader.feed(_COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text))
        reader.close()
    except AssertionError:  # Python's parser gives up so on a declaration such as <![x[
        return None
    rows = [(line, cells) for line, cells in reader.rows if any(cell.strip() for cell in cells)]
    columns = [list(column) for column in zip_longest(*(cells for _, cells in rows))]
    lines = [line for line, _ in rows]
    if len({*lines}) < len(lines):
        lines, note = [*range(1, len(rows) + 1)], f"{_NOTE}; its rows are counted, not its lines"
    else:
        note = _NOTE
    return Cells(lines, columns, notes=[note]) if columns else None


class _Tables(HTMLParser):
    """Collects each row of a page: the line on which it begins, and the text of its cells."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[tuple[int, list[str]]] = []
        # The place of the cell that is being read in its row; None between cells.
        self._place: int | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append((self.getpos()[0], []))
            self._place = None
        elif tag in ("td", "th") and self.rows:
            span = dict(attrs).get("colspan") or ""
            cells = self.rows[-1][1]
            self._place = len(cells)
            cells += [""] * (min(max(int(span), 1), _WIDEST) if span.isdecimal() else 1)
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._place = None

    def handle_data(self, data: str) -> None:
        if self._place is not None:
            self.rows[-1][1][self._place] += data
