"""Translates between the oracle of history and the package.

Lives here: the oracle's captures as flat folders or as observations, and the package's versions as the
oracle's versions. Does not live here: rules (``oracles/history.py``), and making captures
(``random_captures.py``).
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.dataroot.flat import write_flat
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.flatten.flat import NOTICE_SCHEMA, ORGANISATION_COLUMNS, capture_row
from ods_pipeline.history import spans
from ods_pipeline.history.observations import Observed
from ods_pipeline.history.order import Order, order_of
from ods_pipeline.history.presence import pieces_of
from ods_pipeline.history.versions import versions_of
from ods_pipeline.inventory.due import mark_of
from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline_tests.oracles.history import Capture, Content, Version

STAMPS = date(2026, 1, 1).toordinal()


def stamp(number: int) -> date:
    """Return the LastChangeDate for a stamp number of the oracle."""
    return date.fromordinal(STAMPS + number)


def hash_of(content: Content) -> int:
    """Return a readable stand-in for the content hash."""
    name, owner, stub = content
    return ord(name) * 100 + owner * 10 + stub


def content_of(number: int) -> Content:
    return chr(number // 100), number // 10 % 10, bool(number % 10)


def files_of(capture: Capture) -> dict[str, str]:
    """Return the capture ids of a release or fetch, by kind."""
    if capture.is_delta:
        return {"delta": capture.label}
    return {kind: f"{capture.label}/{kind}" for kind in ("full", "archive")}


def capture_rows(capture: Capture) -> pl.DataFrame:
    """Return the rows of ``captures``."""
    day, rows, set_aside = capture.day.isoformat(), [], aside_rows(capture)["capture_id"].to_list()
    for kind, capture_id in files_of(capture).items():
        used = sum(capture.file_of(code) == capture_id for code in capture.seen)
        aside = set_aside.count(capture_id)
        rows.append(
            capture_row(
                {
                    "capture_id": capture_id,
                    "kind": kind,
                    "source": "file",
                    "as_of": day,
                    "publication_date": None if capture.is_delta else day,
                    "payload_format": "xml",
                    "used_records": used,
                    "sha256": capture.label,
                }
                | dict.fromkeys(("declared_records", "parsed_records"), used + aside)
                | {"quarantined_records": aside}
                | dict.fromkeys(("stub_records", "superseded_records", "unknown_elements", "bytes"), 0)
                | {"file_name": capture.label, "sha256_verified": False}
            )
        )
    return pl.concat(rows)


def record_rows(capture: Capture) -> pl.DataFrame:
    """Return one row per record: the columns of a flat ``organisations``, and ``fax_numbers``."""
    rows: list[dict[str, Any]] = [
        {
            "ods_code": code,
            "name": s.content,
            "record_class": "RC1",
            "status": "Active",
            "status_is_inferred": False,
            "primary_role_id": "RO1",
            "operational_start": stamp(s.owner),
            "published_in": "delta" if capture.is_delta else capture.file_of(code).split("/")[1],
            "capture_id": capture.file_of(code),
            "ref_only": s.stub,
            "is_xml": s.xml,
            "last_change_date": stamp(s.stamp),
            "content_hash": hash_of(s.compared),
            "core_hash": hash_of(s.compared),
            "is_partial": False,
            "fax_hash": int(s.fax) if s.fax else None,
            "fax_numbers": [s.fax] if s.fax else None,
        }
        for code, s in capture.seen.items()
    ]
    types = {
        **TABLES["organisations"].dtypes,
        **TABLES["history.observations"].dtypes,
        "record_number": pl.Int64,
    }
    return pl.DataFrame(rows, schema={c: types[c] for c in [*ORGANISATION_COLUMNS, "fax_numbers"]})


def notice_rows(capture: Capture) -> pl.DataFrame:
    rows: list[tuple[Any, ...]] = [
        (code, "RO1", day, 3, "X", "ord_notifications") for code, day in sorted(capture.notices)
    ]
    rows += [(code, None, capture.day, None, "HTTP 404", "gone_from_api") for code in sorted(capture.gone)]
    return pl.DataFrame(rows, schema=NOTICE_SCHEMA, orient="row")


def aside_rows(capture: Capture) -> pl.DataFrame:
    """Return the rows of ``quarantined_records``. In a release, every other code is in both files."""
    codes = [*sorted(capture.quarantined), *([None] if capture.codeless else [])]
    in_both = [code for code in codes if code and int(code[1:]) % 2]
    rows = [
        (capture_id, n, code, None, "x", "bad_date", "x", None)
        for kind, capture_id in files_of(capture).items()
        for n, code in enumerate(in_both if kind == "archive" else codes)
    ]
    return pl.DataFrame(rows, schema=TABLES["quarantined_records"].dtypes, orient="row")


# --- as flat folders ----------------------------------------------------------------------------------------


def write_capture(root: DataRoot, capture: Capture) -> Path:
    """Write a flat folder. Every part of a record repeats its name, so mixed-up contents are noticed."""
    records = record_rows(capture).sort("ods_code")
    frames = {name: TABLES[name].empty(TABLES[name].stored) for name in COMPONENTS}
    number = pl.col("ods_code").str.slice(1).cast(pl.Int64)
    own = records.filter(~pl.col("ref_only"))
    frames["roles"] = _part(
        records,
        "roles",
        role_id=pl.lit("RO1"),
        unique_role_id=number,
        is_primary=pl.lit(True),
        status=pl.col("name"),
    )
    frames["relationships"] = _part(
        own, "relationships", rel_id=pl.lit("RE6"), unique_rel_id=number, target_ods_code=pl.col("name")
    )
    tel = _part(own, "contacts", contact_type=pl.lit("tel"), ordinal=pl.lit(1), contact_value=pl.col("name"))
    with_fax = records.filter(pl.col("fax_numbers").is_not_null())
    number_of_it = pl.col("fax_numbers").list.first()
    fax = _part(
        with_fax, "contacts", contact_type=pl.lit("fax"), ordinal=pl.lit(1), contact_value=number_of_it
    )
    concept = ("OrganisationRole", "1", "RO1", "1", capture.label, True)
    systems = TABLES["code_systems"]
    frames |= {
        "organisations": records.select(ORGANISATION_COLUMNS),
        "contacts": pl.concat([fax, tel]),
        "code_systems": pl.DataFrame(
            [concept], schema={c: systems.dtypes[c] for c in systems.stored}, orient="row"
        ),
        "captures": capture_rows(capture),
        "notices": notice_rows(capture),
        "quarantined_records": aside_rows(capture),
        "superseded_records": TABLES["superseded_records"].empty(),
        "unknown_elements": TABLES["unknown_elements"].empty(),
    }
    return write_flat(root, capture.label, frames, mark_of(capture.label))


def _part(records: pl.DataFrame, name: str, **columns: pl.Expr) -> pl.DataFrame:
    table = TABLES[name]
    empty = {c: pl.lit(None, table.dtypes[c]) for c in table.stored if c not in ("ods_code", *columns)}
    frame = records.select("ods_code", **columns, **empty)
    return frame.select(table.stored).cast({c: table.dtypes[c] for c in table.stored})


# --- as observations ----------------------------------------------------------------------------------------


def observed(captures: Sequence[Capture]) -> Observed:
    """Return what ``observe`` would return for these captures and an older, empty release.

    The empty release proves nothing.
    """
    empty = Capture(date(2020, 1, 1), is_delta=False)
    order = order_of(pl.concat([capture_rows(c) for c in (empty, *captures)]))
    seq = dict(order.captures.select("label", "seq").iter_rows())

    def all_of(rows: Any) -> pl.DataFrame:
        return pl.concat(
            [rows(c).with_columns(pl.lit(seq[c.label], pl.Int64).alias("seq")) for c in (empty, *captures)]
        )

    kinds = order.captures.select("capture_id", pl.col("kind").alias("published_in"))
    aside = all_of(aside_rows).join(kinds, on="capture_id", maintain_order="left")
    key = ["ods_code", "deleted_on", "source"]
    notices = all_of(notice_rows).sort("seq")
    first = notices.filter(source="ord_notifications").unique(key, keep="first")
    return Observed(
        order=order,
        runs=_runs(all_of(record_rows), order),
        notices=pl.concat([first, notices.filter(source="gone_from_api").unique(key, keep="last")]),
        quarantined=aside.select("ods_code", "seq", "published_in"),
        state=None,
        folders={},
        every_folder={},
        fresh=pl.DataFrame(),
    )


def _runs(rows: pl.DataFrame, order: Order) -> pl.DataFrame:
    is_delta = pl.col("published_in") == "delta"
    rows = rows.with_columns(is_delta.alias("is_delta"))
    ordinals = dict(order.releases.select("seq", "ordinal").iter_rows())
    ordinal = pl.col("seq").replace_strict(ordinals, return_dtype=pl.Int64)
    released = rows.filter(~is_delta).with_columns(ordinal.alias("first"), ordinal.alias("last"))
    joined, seqs = spans.joined(released.drop("seq")), order.releases["seq"]
    joined = joined.with_columns(
        seqs.gather(joined["first"]).alias("seq"), seqs.gather(joined["last"]).alias("seq_last")
    )
    deltas = rows.filter(is_delta).with_columns(pl.col("seq").alias("seq_last"))
    return pl.concat([deltas, joined.select(deltas.columns)])


# --- versions, as the oracle describes them -----------------------------------------------------------------


def folded_versions(observations: Observed) -> dict[str, list[Version]]:
    """Return the versions that the package computes from observations, by code."""
    versions = versions_of(pieces_of(observations))
    versions = observations.order.capture_of(versions, "seq", "seen_in")
    versions = observations.order.capture_of(versions, "seq_last", "published_in", "last_capture_id")
    return _as_versions(versions.with_columns(pl.col("fax_numbers").list.first().alias("fax")))


def published_versions(frames: dict[str, pl.DataFrame]) -> dict[str, list[Version]]:
    """Return the versions that the history tables hold, by code. Every part must repeat its record's name."""
    organisations = frames["history.organisations"]
    key = ["ods_code", "known_from"]
    contacts = frames["history.contacts"].select(*key, "contact_type", "contact_value")
    fax = contacts.filter(contact_type="fax").select(*key, pl.col("contact_value").alias("fax"))
    repeated = {"roles": "status", "relationships": "target_ods_code", "contacts": "contact_value"}
    for name, column in repeated.items():
        parts = frames[f"history.{name}"]
        parts = parts.filter(contact_type="tel") if name == "contacts" else parts
        owners = organisations if name == "roles" else organisations.filter(~pl.col("ref_only"))
        columns = [*key, "known_to", pl.col("name").alias(column)]
        assert parts.select(*key, "known_to", column).equals(owners.select(columns).sort(key)), name
    return _as_versions(organisations.join(fax, on=key, how="left"))


def _as_versions(rows: pl.DataFrame) -> dict[str, list[Version]]:
    versions: dict[str, list[Version]] = {}
    for row in rows.sort("ods_code", "known_from").iter_rows(named=True):
        version = Version(
            content=content_of(row["content_hash"]),
            fax=row["fax"],
            known_from=row["known_from"],
            known_to=row["known_to"],
            gone_by=row["gone_by"],
            capture=row["capture_id"],
            last_capture=row["last_capture_id"],
            stamped_on=row["stamped_on"].toordinal() - STAMPS,
            last_stamp=row["last_change_date"].toordinal() - STAMPS,
            is_unstamped=row["is_unstamped"],
        )
        versions.setdefault(row["ods_code"], []).append(version)
    return versions
