"""A site as its readers find it: pages parsed, figures with their statements, rows and files."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from lxml import etree, html

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@dataclass(frozen=True)
class Shown:
    """A figure as the page shows it; ``csv`` is empty if there are no rows."""

    page: str
    name: str
    sql: str
    cells: list[list[str]]
    csv: list[list[str]]


def parse(file: Path) -> html.HtmlElement:
    return html.document_fromstring(file.read_text(encoding="utf-8"))


def figures_on(site: Path, page: str) -> list[Shown]:
    """Every figure of a page, in order."""
    tree = parse(site / page)
    found = []
    for section in tree.xpath("//section[@class='figure']"):
        rows = [[text_of(cell) for cell in row.xpath("td")] for row in section.xpath(".//tbody/tr")]
        rows = rows or [[text_of(cell) for cell in tiles.xpath(".//dd")] for tiles in section.xpath(".//dl")]
        files = section.xpath(".//a[contains(@href, '.csv')]/@href")
        table = read_csv((site / page).parent / files[0]) if files else []
        found.append(Shown(page, section.get("id"), section.xpath("string(.//pre)"), rows, table))
    return found


def read_csv(file: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"))))


def text_of(element: html.HtmlElement) -> str:
    return str(element.text_content())


def entry_ids(site: Path, feed: str = "all") -> list[str]:
    """The ids of the entries of a feed, in order."""
    tree = etree.parse(site / "feeds" / f"{feed}.atom")
    return [str(found) for found in tree.xpath("//a:entry/a:id/text()", namespaces=ATOM)]
