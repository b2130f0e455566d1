"""What one capture looks like when flattened: the frames, and the steps that releases and fetches share."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ods_pipeline.flatten.columns.fingerprint import with_fingerprints
from ods_pipeline.flatten.xml.document import Document
from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline.schema.sorting import as_before

ORGANISATION_COLUMNS = [
    *TABLES["organisations"].stored,
    "record_number",
    "content_hash",
    "fax_hash",
    "is_xml",
]
NOTICE_SCHEMA = {
    "ods_code": pl.String,
    "primary_role_id": pl.String,
    "deleted_on": pl.Date,
    "reason_code": pl.Int64,
    "reason": pl.String,
    "source": pl.String,
}


@dataclass
class Flat:
    """One flattened release or fetch.

    ``frames`` by name: ``organisations`` (stored columns, record_number, content_hash, fax_hash, and is_xml:
    whether this very record came as XML), the components, ``code_systems``, ``captures``,
    ``superseded_records``, ``quarantined_records``, ``unknown_elements``, ``notices`` (deletion notices)
    and ``collapsed_successions``.
    ``folder`` is where it belongs, e.g. ``release=2026-08-28``; ``notes`` says what was odd.
    """

    folder: str
    frames: dict[str, pl.DataFrame]
    notes: tuple[str, ...] = ()

    @property
    def captures(self) -> pl.DataFrame:
        return self.frames["captures"]


@dataclass
class Pile:
    """Rows of many documents of one capture, gathered in order."""

    capture_id: str
    published_in: str
    file_name: str
    first_record: int = 0
    records: int = 0
    frames: dict[str, list[pl.DataFrame]] = field(
        default_factory=lambda: {n: [] for n in ("organisations", *COMPONENTS)}
    )
    problems: list[pl.DataFrame] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)

    def add(self, document: Document) -> None:
        """Takes the rows of the next document; documents must come in order."""
        offset = self.first_record + self.records
        for name, frame in document.frames.items():
            self.frames[name].append(frame.with_columns(pl.col("record").cast(pl.Int64) + offset))
        numbered = document.problems.with_columns(
            (pl.col("record").cast(pl.Int64) + self.records + 1).alias("record_number"),
            pl.lit(self.file_name).alias("file_name"),
        )
        self.problems.append(numbered)
        self.count_unknown(document.unknown)
        self.records += document.records

    def count_unknown(self, names: dict[str, int]) -> None:
        """Adds up names that the path maps lack."""
        for name, count in names.items():
            self.unknown[name] = self.unknown.get(name, 0) + count

    def organisations(self) -> pl.DataFrame:
        frame = pl.concat(self.frames["organisations"])
        return frame.with_columns(
            pl.lit(self.capture_id).alias("capture_id"),
            pl.lit(self.published_in).alias("published_in"),
            pl.lit(True).alias("is_xml"),
            (pl.col("record") - self.first_record + 1).alias("record_number"),
        )

    def quarantined(self) -> pl.DataFrame:
        frames = [p for p in self.problems if p.height]
        if not frames:
            return TABLES["quarantined_records"].empty()
        return (
            pl.concat(frames)
            .with_columns(pl.lit(self.capture_id).alias("capture_id"))
            .select(TABLES["quarantined_records"].columns)
            .sort("record_number")
        )

    def unknown_elements(self) -> pl.DataFrame:
        rows = [(self.capture_id, name, count) for name, count in sorted(self.unknown.items())]
        return pl.DataFrame(rows, schema=TABLES["unknown_elements"].dtypes, orient="row")


def fingerprinted(document: Document) -> Document:
    """The document with ``content_hash`` and ``fax_hash`` on its organisations."""
    parts = {name: document.frames[name] for name in COMPONENTS}
    document.frames["organisations"] = with_fingerprints(document.frames["organisations"], parts)
    return document


def with_codes(component: pl.DataFrame, organisations: pl.DataFrame, name: str) -> pl.DataFrame:
    """A component's rows of the organisations given, which are sorted by ``ods_code``: with that in place of
    ``record``, and sorted by the key of the table."""
    table = TABLES[name]
    held, wanted = organisations["record"].to_numpy(), component["record"].to_numpy()
    # Records are numbers from 0 on: where each stands is looked up, which is cheaper than a join. Places are
    # in order of code, and numbers are cheaper to sort than texts.
    place = np.full(int(max(held.max(initial=0), wanted.max(initial=0))) + 1, -1, np.int32)
    place[held] = np.arange(len(held), dtype=np.int32)
    placed = component.with_columns(pl.Series("place", place[wanted]))
    if placed["place"].min() == -1:
        placed = placed.filter(pl.col("place") >= 0)
    columns = ["place" if column == "ods_code" else column for column in table.stored]
    key = ["place" if column == "ods_code" else column for column in table.key]
    ordered = placed.sort(key)
    if as_before(ordered, key).any():
        ordered = placed.sort(*key, *(c for c in columns if c not in key))
    return ordered.with_columns(organisations["ods_code"].gather(ordered["place"])).select(table.stored)


def capture_row(row: dict[str, object]) -> pl.DataFrame:
    """One row of ``captures``; days as ISO text, what is left out is null."""
    table = TABLES["captures"]
    texts = {name: [row.get(name)] for name in table.columns}
    schema = {name: pl.String if dtype == pl.Date else dtype for name, dtype in table.dtypes.items()}
    days = [name for name, dtype in table.dtypes.items() if dtype == pl.Date]
    return pl.DataFrame(texts, schema=schema).with_columns(pl.col(days).str.to_date("%Y-%m-%d"))
