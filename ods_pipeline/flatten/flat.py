"""The flat frames of one capture, and the steps that releases and fetches share.

Lives here: the shape of a flattened capture, and how rows of documents gather into it. Does not live here:
reading a release (``release.py``) or a fetch (``fetch.py``).
"""

from dataclasses import dataclass, field

import polars as pl

from ods_pipeline.flatten.columns.fingerprint import with_fingerprints
from ods_pipeline.flatten.xml.document import Document
from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline.schema.sorting import repeats_key

ORGANISATION_COLUMNS = [
    *TABLES["organisations"].stored,
    "record_number",
    "content_hash",
    "core_hash",
    "fax_hash",
    "is_xml",
    "is_partial",
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

    Attributes:
        folder: The folder of its files, e.g. ``release=2026-08-28``. frames: by name: ``organisations``
        (stored columns, record_number, content_hash, core_hash, fax_hash, is_xml: whether this record came
            as XML, and is_partial: whether its source leaves fields out), the components,
            ``code_systems``, ``captures``, ``superseded_records``,
            ``quarantined_records``, ``unknown_elements``, ``notices`` (deletion notices) and
            ``collapsed_successions``.
        notes: Oddities of the file that did not stop the run.
    """

    folder: str
    frames: dict[str, pl.DataFrame]
    notes: tuple[str, ...] = ()

    @property
    def captures(self) -> pl.DataFrame:
        """The rows of ``captures``: one per file of a release, one per fetch."""
        return self.frames["captures"]


@dataclass
class Pile:
    """The rows of all documents of one capture, gathered in order.

    ``first_record`` is the number of records in the captures before it: ``record`` is unique over a release.
    """

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
        """Add the rows of the next document; documents must come in order."""
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
        """Add to the counts of names that the path maps do not know."""
        for name, count in names.items():
            self.unknown[name] = self.unknown.get(name, 0) + count

    def organisations(self) -> pl.DataFrame:
        """Return one row per record that breaks no rule.

        Each has its capture and its place in the file, from 1.
        """
        frame = pl.concat(self.frames["organisations"])
        return frame.with_columns(
            pl.lit(self.capture_id).alias("capture_id"),
            pl.lit(self.published_in).alias("published_in"),
            pl.lit(True).alias("is_xml"),
            pl.lit(False).alias("is_partial"),
            (pl.col("record") - self.first_record + 1).alias("record_number"),
        )

    def quarantined(self) -> pl.DataFrame:
        """Return the rows of ``quarantined_records``, in order of the file."""
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
        """Return the rows of ``unknown_elements``, sorted by name."""
        rows = [(self.capture_id, name, count) for name, count in sorted(self.unknown.items())]
        return pl.DataFrame(rows, schema=TABLES["unknown_elements"].dtypes, orient="row")


def fingerprinted(document: Document) -> Document:
    """Add ``content_hash``, ``core_hash`` and ``fax_hash`` to its organisations; return the document."""
    components = {name: document.frames[name] for name in COMPONENTS}
    document.frames["organisations"] = with_fingerprints(document.frames["organisations"], components)
    return document


def with_codes(component: pl.DataFrame, organisations: pl.DataFrame, name: str) -> pl.DataFrame:
    """Return the rows of ``component`` that belong to ``organisations``, with ``ods_code``, sorted by key.

    Args:
        component: Stored columns, with ``record`` in place of ``ods_code``.
        organisations: The records that won, sorted by ``ods_code``.
        name: The name of the component's table.
    """
    table = TABLES[name]
    # Places are in order of the code, and numbers are cheaper to sort than texts.
    codes = organisations.select("record", "ods_code").with_row_index("place")
    key = ["place" if column == "ods_code" else column for column in table.key]
    rows = component.join(codes, on="record", how="inner").sort(key)
    if repeats_key(rows, key).any():
        rows = rows.sort(*key, *(c for c in table.stored if c not in table.key))
    return rows.select(table.stored)


def capture_row(row: dict[str, object]) -> pl.DataFrame:
    """Return one row of ``captures``.

    Args:
        row: The values by column, days as ISO text; a column that is left out is null.
    """
    table = TABLES["captures"]
    texts = {name: [row.get(name)] for name in table.columns}
    schema = {name: pl.String if dtype == pl.Date else dtype for name, dtype in table.dtypes.items()}
    days = [name for name, dtype in table.dtypes.items() if dtype == pl.Date]
    return pl.DataFrame(texts, schema=schema).with_columns(pl.col(days).str.to_date("%Y-%m-%d"))
