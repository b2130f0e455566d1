"""Feeds of changes: Atom for the newest events, CSV for all of them.

Lives here: ids, dates and words of entries. Does not live here: which events belong to which feed: they are
the rows of the page's own figure of changes (``queries/*changes.sql``).

An entry's id comes from ``change_id`` alone, which stays the same when the table is rebuilt; so a reader that
has seen an event never sees it as a new one.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

import polars as pl

from ods_pipeline.lookup.finding import DELETIONS
from ods_pipeline.site.content import Page
from ods_pipeline.site.words import clean, label, shortened

ENTRIES = 200
# Any UUID does, as long as it never changes: all ids of entries and feeds come from it.
_NAMESPACE = UUID("5d2f6a4e-3c0b-5f43-9d0e-0d5e8f1c7a21")


@dataclass(frozen=True)
class Feed:
    """A feed: its name in ``feeds/``, and how many events it has in all."""

    name: str
    title: str
    page: str
    events: int
    id: str
    updated: str


def feed_of(page: Page, changes: pl.DataFrame, as_of: date) -> Feed:
    """Return the feed of a page, given all its changes.

    Args:
        page: The page; it names its feed.
        changes: The rows of its figure of changes, the newest first.
        as_of: The day of the report; a feed without events has it.
    """
    newest = changes["detected_on"].max() if changes.height else as_of
    assert isinstance(newest, date)
    title = "All changes" if page.feed == "all" else clean(page.title)
    return Feed(page.feed, title, page.path, changes.height, _id("feed", page.feed), _midnight(newest))


def entries_of(changes: pl.DataFrame) -> list[dict[str, str]]:
    """Return the newest events as entries: id, title, updated, href, kind, text."""
    return [_entry(row) for row in changes.head(ENTRIES).iter_rows(named=True)]


def _entry(row: dict[str, Any]) -> dict[str, str]:
    what, code, name = label(row["change_kind"]), clean(row["ods_code"]), shortened(clean(row["name"] or ""))
    related = f"Other code: {clean(row['related_code'])}." if row["related_code"] else ""
    sentences = [
        f"{what}, effective on {row['effective_on']}, detected on {row['detected_on']}.",
        _detail(row),
        related,
        f"Change {clean(row['change_id'])}.",
    ]
    return {
        "id": _id("change", row["change_id"]),
        "title": f"{what}: {code} {name}".strip(),
        "updated": _midnight(row["detected_on"]),
        "href": f"lookup.html#{quote(row['ods_code'])}",
        "kind": row["change_kind"],
        "text": " ".join(filter(None, sentences)),
    }


def _detail(row: dict[str, Any]) -> str:
    """Return what changed, as a sentence: old and new value; for a deletion, how it is known."""
    old, new = (row[c] and shortened(clean(row[c])) for c in ("old_value", "new_value"))
    if row["change_kind"] == "deleted":
        return f"{label(new or 'unconfirmed')}: {DELETIONS.get(row['field'], clean(row['field'] or ''))}."
    if old is None and new is None:
        return ""
    field = f"{label(row['field'])}: " if row["field"] else ""
    return f"{field}{new}." if old is None else f"{field}{old} → {new or 'none'}."


def _id(*parts: str) -> str:
    return f"urn:uuid:{uuid5(_NAMESPACE, '/'.join(parts))}"


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"
