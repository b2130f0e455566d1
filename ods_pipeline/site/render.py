"""Pages as HTML: answers become tables, charts become inline SVG, and all text is escaped.

Lives here: how a value is shown and linked, and the templates. Does not live here: what is on a page
(``content.py``) and where its files go (``build.py``).
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import polars as pl
from polars.datatypes import DataTypeClass

from ods_pipeline.errors import OdsError
from ods_pipeline.schema.marts import KINDS
from ods_pipeline.site.charts import INSTALL, as_svg
from ods_pipeline.site.content import SECTIONS, area_path
from ods_pipeline.site.figures import Answer
from ods_pipeline.site.words import clean, kind_name, label, shortened, shown

# Longer tables are cut on the page; their CSV holds every row. An ICB's page must stay below 1 MB.
ROWS_SHOWN = 200
_WIDE = ("name", "value", "text", "address", "explanation", "detail", "what", "file_name", "sha256", "reason")
_NAMED_VALUES = ("kind", "change_kind", "openness", "what")


@dataclass(frozen=True)
class Part:
    """A piece of text in a cell, and the page of this site that it leads to, if any."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell: its pieces, and how it is set (n: number, c: code or day, w: long text)."""

    parts: tuple[Part, ...]
    css: str


@dataclass(frozen=True)
class Heading:
    """The head of a column."""

    label: str
    is_number: bool


class Renderer:
    """Turns answers into pages.

    Args:
        areas: The ICBs and regions that have a page: code to kind.
        always: What every page needs (as_of, attribution).
    """

    def __init__(self, areas: Mapping[str, str], always: Mapping[str, str]) -> None:
        self._areas = areas
        self._always = {"sections": SECTIONS, "feed": "", **always}

    @cached_property
    def _templates(self) -> Any:
        try:
            from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise OdsError(f"the report needs {error.name}, which is not installed", do=INSTALL) from error
        return Environment(
            loader=PackageLoader("ods_pipeline.site"),
            autoescape=True,
            undefined=StrictUndefined,
            keep_trailing_newline=True,
        )

    def page(self, template: str, path: str, title: str, **values: Any) -> str:
        """Return a page as text.

        Args:
            template: The file in ``templates/``.
            path: Where the page will lie, relative to the site; links go from there.
            title: Its heading.
            values: What the template needs.
        """
        text = self._templates.get_template(template).render(
            **{**self._always, "up": "../" * path.count("/"), "title": shortened(clean(title)), **values}
        )
        return text

    def atom(self, **values: Any) -> str:
        """Return an Atom feed as text; ``values`` are what ``templates/feed.atom`` needs."""
        return self._templates.get_template("feed.atom").render(**{**self._always, **values})

    def figure(self, answer: Answer, csv: str) -> dict[str, Any]:
        """Return what the template of a figure shows of an answer; ``csv`` is the path of all its rows."""
        from markupsafe import Markup  # noqa: PLC0415 - comes with the extra

        figure, rows = answer.figure, answer.rows
        spec = figure.chart(rows) if figure.chart else None
        escaped = html.escape(f"Chart: {figure.title}. The table below holds the numbers.")
        numbers = {name: _is_number(dtype) for name, dtype in rows.schema.items()}
        return {
            "name": figure.query,
            "title": figure.title,
            "text": figure.text,
            "empty": figure.empty,
            "is_tiles": figure.is_tiles,
            "svg": Markup(as_svg(spec, figure.query, escaped)) if spec else "",
            "columns": [Heading(label(name), number) for name, number in numbers.items()],
            "rows": [
                [self.cell(name, value, numbers[name]) for name, value in row.items()]
                for row in rows.head(ROWS_SHOWN).iter_rows(named=True)
            ],
            "total": rows.height,
            "csv": csv,
            "sql": answer.sql,
        }

    def cell(self, column: str, value: object, is_number: bool) -> Cell:
        """Return a value as a cell. A code leads to the page of its area, or to the look-up page."""
        values: Sequence[object] = value if isinstance(value, list) else [value]
        if column.endswith(("_code", "_codes")) and not is_number:
            parts = tuple(Part(shown(v), self._link(str(v))) for v in values if v is not None)
            return Cell(parts, "c")
        if column in _NAMED_VALUES and isinstance(value, str):
            is_kind = column == "kind" and value in KINDS  # a capture has a kind too
            href = f"kind/{value}.html" if is_kind else ""
            return Cell((Part(kind_name(value), href),), "")
        text = ", ".join(shown(v, column) for v in values)
        css = "n" if is_number else "w" if column.endswith(_WIDE) else "c"
        return Cell((Part(text),), css)

    def _link(self, code: str) -> str:
        kind = self._areas.get(code)
        return area_path(kind, code) if kind else f"lookup.html#{quote(code)}"


def _is_number(dtype: pl.DataType | DataTypeClass) -> bool:
    return dtype.is_numeric()
