"""The lists of a fetch, next to its records: code lists and notices of deletion.

Lives here: four files of a fetch folder as frames. Does not live here: the records (``record.py``). Each
source brings the four files in the shape of the ORD API (``sources/protocol.py``).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.errors import BadFetch
from ods_pipeline.flatten.flat import NOTICE_SCHEMA
from ods_pipeline.flatten.json.strict import loads
from ods_pipeline.flatten.values import ISO_DAY
from ods_pipeline.schema import TABLES
from ods_pipeline.schema.codes import CODE_SYSTEM_OIDS
from ods_pipeline.sources.receipt import FetchReceipt

FETCH_AGAIN = "Fetch these stamps again; the register is unchanged"
_NUMBER = re.compile(r"[0-9]{1,18}")
_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can write it, UTF-8 cannot
# Where notices come from, by the source of the fetch; recorded fetches are those of the ORD API.
_NOTICES_FROM = {"odt": "odt_deletion_list"}
# The API's lists, and the code system of the XML that each one is (ORD XML v2-0-0, CodeSystems).
_CODE_LISTS = {
    "roles.json": ("Roles", "OrganisationRole"),
    "rels.json": ("Relationships", "OrganisationRelationship"),
    "recordclasses.json": ("RecordClasses", "OrganisationRecordClass"),
}


def _list(folder: Path, name: str, key: str) -> list[dict[str, Any]]:
    """Return the list below ``key`` in a file of the fetch; empty if there is no such file."""
    path = folder / name
    if not path.exists():
        return []
    try:
        entries = loads(path.read_bytes())[key]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadFetch(f"{name} holds no list of {key}", where=folder.name, do=FETCH_AGAIN) from error
    entries = [entries] if isinstance(entries, dict) else entries
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise BadFetch(f"{name} holds no list of {key}", where=folder.name, do=FETCH_AGAIN)
    return entries


def code_systems_of(folder: Path) -> pl.DataFrame:
    """Return the code lists of a fetch, in the columns of ``code_systems``.

    Raises BadFetch if one is unreadable.
    """
    rows = [
        (
            system,
            CODE_SYSTEM_OIDS[system],
            str(e["id"]),
            e.get("code"),
            e.get("displayName"),
            str(e.get("primaryRole", "")).lower() == "true",
        )
        for name, (key, system) in _CODE_LISTS.items()
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
    """Return the notices of deletion, and the codes listed but gone (404, 410) on the day of the fetch.

    The columns are those of ``NOTICE_SCHEMA``. Raises BadFetch for an entry without a code or a date.
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
                _NOTICES_FROM.get(receipt.source, "ord_notifications"),
            )
        )
    rows += [
        (code, None, receipt.as_of, None, f"HTTP {status}", "gone_from_api")
        for code, status in receipt.gone.items()
    ]
    texts = {name: pl.String if dtype == pl.Date else dtype for name, dtype in NOTICE_SCHEMA.items()}
    frame = _framed(rows, texts, folder, "notifications.json").with_columns(
        pl.when(pl.col("deleted_on").str.contains(ISO_DAY))
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


def _reason(entry: Any) -> tuple[int | None, str | None]:
    """Code and text of a notice's reason; an unreadable one is null, because the deletion is what counts."""
    parts = entry if isinstance(entry, dict) else {"description": entry}
    code, text = parts.get("code"), parts.get("description")
    number = str(code).strip() if isinstance(code, (int, str)) else ""
    readable = isinstance(text, str) and not _SURROGATE.search(text)
    return int(number) if _NUMBER.fullmatch(number) else None, text if readable else None


def _framed(rows: list[tuple[Any, ...]], schema: Mapping[str, Any], folder: Path, name: str) -> pl.DataFrame:
    try:
        return pl.DataFrame(rows, schema=schema, orient="row")
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        what = str(error).partition("\n")[0]
        raise BadFetch(
            f"{name} has an entry of an unknown shape ({what})", where=folder.name, do=FETCH_AGAIN
        ) from error
