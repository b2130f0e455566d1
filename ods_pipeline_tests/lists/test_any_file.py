"""Any bytes are read as a list or rejected in one line; there is no third outcome."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ods_pipeline.errors import OdsError
from ods_pipeline.lists.code_list import read_code_list
from ods_pipeline.lists.writing import safe_csv
from ods_pipeline_tests.support.workbooks import workbook

pytestmark = pytest.mark.promise("hostile")

BOOK = workbook({"S": [["code", "name"], ["RRP", "A"], ["TAF", 5]]})
TEXTS = st.text(st.sampled_from("ABR0159,;\t|\"'=+-@\n\r \ufeff\u200bé\x00"), max_size=200)
# Pasted from a query, or JSON, or a page, or nearly so.
QUERY = [
    "(",
    "[{",
    "{",
    "}]",
    "]",
    ")",
    "'RRP'",
    '"TAF"',
    ":",
    ",",
    " ",
    "\n",
    "IN",
    "--",
    "A81001",
    "1",
    "=",
]
PAGE = ["<html>", "<table><tr>", "<td>", "</td>", "<![", "&amp", "<!--", "<"]
PASTED = st.lists(st.sampled_from(QUERY + PAGE), max_size=40).map(lambda parts: "".join(parts).encode())
ENCODED = st.builds(
    lambda text, encoding: text.encode(encoding, "replace"),
    TEXTS,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"]),
)
CUT = st.builds(
    lambda at, patch: BOOK[:at] + patch + BOOK[at + len(patch) :],
    st.integers(0, len(BOOK)),
    st.binary(max_size=8),
)


@settings(max_examples=150)
@given(
    content=st.one_of(st.binary(max_size=300), ENCODED, CUT, PASTED),
    column=st.none() | st.sampled_from(["1", "code"]),
)
@example(content=b"\xff\xfe", column=None)
@example(content=b"\xff\xfe\x00\xd8", column=None)
def test_a_file_is_read_or_rejected(content: bytes, column: str | None) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "list"
        file.write_bytes(content)
        try:
            codes = read_code_list(file, column)
        except OdsError as error:
            assert "\n" not in str(error)
            return
    rows = codes.rows
    assert rows.height > 0
    assert rows["line"].is_sorted() and rows.select("line", "part").n_unique() == rows.height
    assert rows["code"].drop_nulls().str.contains(r"^\S+$").all()
    written = safe_csv(rows).splitlines()
    assert written[0] == "line,part,given,code,is_entry"
