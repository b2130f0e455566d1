"""The lists that a fetch brings beside the records: code lists and notices of deletion."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.errors import BadFetch
from ods_pipeline.flatten.columns.texts import TEXT_DATE
from ods_pipeline.flatten.flat import NOTICE_SCHEMA
from ods_pipeline.schema import TABLES
from ods_pipeline.sources.receipt import FetchReceipt

FETCH_AGAIN = "Fetch these stamps again; what the register holds is untouched"
_NUMBER = re.compile(r"[0-9]{1,18}")
_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can write it, UTF-8 cannot
# The API's lists, and the code system of the XML that each one is (ORD XML v2-0-0, CodeSystems).
_CODE_LISTS = {
    "roles.json": ("Roles", "OrganisationRole", "2.16.840.1.113883.2.1.3.2.4.17.507"),
    "rels.json": ("Relationships", "OrganisationRelationship", "2.16.840.1.113883.2.1.3.2.4.17.508"),
    "recordclasses.json": ("RecordClasses", "OrganisationRecordClass", "2.16.840.1.113883.2.1.3.2.4.23"),
}


def _list(folder: Path, name: str, key: str) -> list[dict[str, Any]]:
    """The list below ``key`` of one of the API's answers; empty if the fetch did not bring it."""
    path = folder / name
    if not path.exists():
        return []
    try:
        entries = json.loads(path.read_bytes())[key]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadFetch(f"{name} holds no list of {key}", where=folder.name, do=FETCH_AGAIN) from error
    entries = [entries] if isinstance(entries, dict) else entries
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise BadFetch(f"{name} holds no list of {key}", where=folder.name, do=FETCH_AGAIN)
    return entries


def code_systems_of(folder: Path) -> pl.DataFrame:
    """The code lists that a fetch brought, in the columns of ``code_systems``. Raises BadFetch."""
    rows = [
        (
            system,
            oid,
            str(e["id"]),
            e.get("code"),
            e.get("displayName"),
            str(e.get("primaryRole", "")).lower() == "true",
        )
        for name, (key, system, oid) in _CODE_LISTS.items()
        for e in _list(folder, name, key)
        if e.get("id")
    ]
    table = TABLES["code_systems"]
    stored = {name: table.dtypes[name] for name in table.stored}
    frame = _framed(rows, stored, folder, "a code list")
    return frame.unique(subset=["code_system", "id"], keep="first", maintain_order=True).sort(
        "code_system", "id"
    )


def notices_of(folder: Path, receipt: FetchReceipt) -> pl.DataFrame:
    """Deletion notices, and codes that were listed but gone (404, 410) on the day of the fetch.

    Columns of ``NOTICE_SCHEMA``. Raises BadFetch for an entry without code or date.
    """
    rows: list[tuple[Any, ...]] = []
    for entry in _list(folder, "notifications.json", "DeletedOrganisations"):
        code, day = entry.get("OrgID"), str(entry.get("time", ""))[:10]
        if not code:
            raise BadFetch(
                "notifications.json has a deletion without OrgID", where=folder.name, do=FETCH_AGAIN
            )
        rows.append(
            (
                code,
                entry.get("PrimaryRoleId"),
                day,
                *_reason(entry.get("reason")),
                "ord_notifications",
            )
        )
    rows += [
        (code, None, receipt.as_of, None, f"HTTP {status}", "gone_from_api")
        for code, status in receipt.gone.items()
    ]
    texts = {name: pl.String if dtype == pl.Date else dtype for name, dtype in NOTICE_SCHEMA.items()}
    frame = _framed(rows, texts, folder, "notifications.json").with_columns(
        pl.when(pl.col("deleted_on").str.contains(TEXT_DATE))
        .then("deleted_on")
        .str.to_date("%Y-%m-%d", strict=False)
        .alias("deleted_on")
    )
    undated = frame.filter(pl.col("deleted_on").is_null())["ods_code"].to_list()
    if undated:
        raise BadFetch(
            f"notifications.json has no date for the deletion of {', '.join(undated[:5])}",
            where=folder.name,
            do=FETCH_AGAIN,
        )
    return frame.unique().sort("ods_code", "deleted_on", "source", "primary_role_id", "reason_code", "reason")


def _reason(given: Any) -> tuple[int | None, str | None]:
    """Code and words of a notice's reason. What cannot be read is null: the deletion is what counts."""
    parts = given if isinstance(given, dict) else {"description": given}
    code, words = parts.get("code"), parts.get("description")
    number = str(code).strip() if isinstance(code, (int, str)) else ""
    readable = isinstance(words, str) and not _SURROGATE.search(words)
    return int(number) if _NUMBER.fullmatch(number) else None, words if readable else None


def _framed(rows: list[tuple[Any, ...]], schema: Mapping[str, Any], folder: Path, name: str) -> pl.DataFrame:
    try:
        return pl.DataFrame(rows, schema=schema, orient="row")
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        what = str(error).partition("\n")[0]
        raise BadFetch(
            f"{name} has an entry of an unknown shape ({what})", where=folder.name, do=FETCH_AGAIN
        ) from error
