"""The documents name what exists: files, headings, tables, macros, records of decisions."""

import re
from pathlib import Path

import pytest

from ods_pipeline.marts import macros
from ods_pipeline.schema import TABLES
from ods_pipeline_tests.support.questions import ALL_DOCUMENTS
from ods_pipeline_tests.support.rooms import REPOSITORY

pytestmark = pytest.mark.promise("documented")

TABLES_PAGE = REPOSITORY / "docs" / "tables.md"
DECISIONS = REPOSITORY / "docs" / "decisions.md"
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def headings(document: Path) -> set[str]:
    """The anchors that a document's headings give, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", ALL_DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_every_link_leads_somewhere(document: Path) -> None:
    broken = []
    for link in _LINK.findall(document.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in headings(target)):
            broken.append(link)
    assert broken == []


def test_the_page_of_tables_names_every_table_and_no_other() -> None:
    text = TABLES_PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:ord|history|geo|marts|compat)\.\w+)`", text))
    assert named == {f"{table.schema}.{table.name}" for table in TABLES.values()}


def test_the_page_of_tables_names_every_macro_and_no_other() -> None:
    text = TABLES_PAGE.read_text(encoding="utf-8")
    files = Path(macros.__file__).parent.glob("ods_*.sql")
    assert set(re.findall(r"`(ods_\w+)\(", text)) == {file.stem for file in files} | {"ods_today"}


def test_decisions_are_numbered_and_dated_and_replaced_ones_link_both_ways() -> None:
    records = re.findall(
        r"^## (\d+)\. [^\n]+\n\n(\d{4}-\d\d-\d\d[^\n]*)$", DECISIONS.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(records) == DECISIONS.read_text(encoding="utf-8").count("\n## ")
    assert [int(number) for number, _ in records] == list(range(1, len(records) + 1))
    days = [line[:10] for _, line in records]
    assert days == sorted(days)
    links = re.compile(r"(replaced by|replaces) \[record (\d+)\]")
    pairs = {(number, kind, other) for number, line in records for kind, other in links.findall(line)}
    replaced = {(number, other) for number, kind, other in pairs if kind == "replaced by"}
    assert replaced == {(other, number) for number, kind, other in pairs if kind == "replaces"}
