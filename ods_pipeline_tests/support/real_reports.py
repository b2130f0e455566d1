"""The ODS reports of October 2019 as a register.

Practices and cost centres are from `epraccur`, and who commissioned them when is from `epcmem`.

Lives here: a release composed from the reports, built as any other. Does not live here: what it must hold.
Codes, names, days and memberships are as published; roles of commissioners follow from the form of their
codes, and what `epcmem` has of codes that `epraccur` lacks is a cost centre here.
"""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline_tests.support.builders import RECORD_CLASSES, dates, number_of, org_id, role
from ods_pipeline_tests.support.payloads import Record, release_xml, release_zip

DAY = date(2019, 10, 1)
GP_PRACTICE = "4"  # column 26, prescribing setting
ROLES = {
    "RO177": ("PRESCRIBING COST CENTRE", True),
    "RO98": ("CLINICAL COMMISSIONING GROUP", True),
    "RO144": ("WELSH LOCAL HEALTH BOARD", True),
    "RO171": ("PRIMARY CARE GROUP", True),
    "RO179": ("PRIMARY CARE TRUST", True),
    "RO76": ("GP PRACTICE", False),
    "RO72": ("OTHER PRESCRIBING COST CENTRE", False),
}
CODE_LISTS: dict[str, Any] = {
    "roles": [
        {"id": id_, "code": id_.removeprefix("RO"), "displayName": name, "primaryRole": primary}
        for id_, (name, primary) in ROLES.items()
    ],
    "relationships": [{"id": "RE4", "code": "4", "displayName": "IS COMMISSIONED BY"}],
    "record_classes": RECORD_CLASSES,
}


def practices(shared: Path) -> pl.DataFrame:
    """`epraccur`: `code, name, opened, closed, status, commissioner, setting`, closed inclusive."""
    result = _report(shared / "reports" / "epraccur_2019-10.csv.gz")
    kept = {1: "code", 2: "name", 11: "opened", 12: "closed", 13: "status", 15: "commissioner", 26: "setting"}
    columns = [pl.nth(number - 1).alias(name) for number, name in kept.items()]
    return result.select(columns).with_columns(pl.col("opened", "closed").str.to_date("%Y%m%d"))


def memberships(shared: Path) -> pl.DataFrame:
    """`epcmem`: `code, parent, start, end`, end inclusive; `id` numbers the rows."""
    result = _report(shared / "reports" / "epcmem_2019-10.csv.gz")
    kept = {1: "code", 2: "parent", 4: "start", 5: "end"}
    columns = [pl.nth(number - 1).alias(name) for number, name in kept.items()]
    typed = result.select(columns).with_columns(pl.col("start", "end").str.to_date("%Y%m%d"))
    return typed.with_row_index("id", 1).with_columns(pl.col("id").cast(pl.Int64))


def _report(path: Path) -> pl.DataFrame:
    result = pl.read_csv(path, has_header=False, infer_schema=False)
    return result.with_columns(pl.all().replace("", None))


@functools.cache
def reports_root(shared: Path) -> DataRoot:
    """A data root with the register of the reports, built once. For reading only."""
    folder = Path(tempfile.mkdtemp(prefix="ods_pipeline_tests_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    options: dict[str, Any] = {"publication_date": DAY, **CODE_LISTS}
    full = release_xml([*_records(shared)], publication_type="Full", **options)
    archive = release_xml([], publication_type="Archive", **options)
    root = DataRoot(folder / "data")
    pipeline.build(
        root, releases=[release_zip(folder, release_date="2019-10-04", full=full, archive=archive)]
    )
    return root


def _records(shared: Path) -> Iterator[Record]:
    held, links = practices(shared), memberships(shared)
    by_code: dict[str, list[dict[str, Any]]] = {}
    for link in links.iter_rows(named=True):
        by_code.setdefault(link["code"], []).append(link)
    for row in held.iter_rows(named=True):
        extra = "RO76" if row["setting"] == GP_PRACTICE else "RO72"
        life = (row["opened"], row["closed"])
        yield _record(row["code"], row["name"], ("RO177", extra), life, by_code.pop(row["code"], []))
    for code, result in by_code.items():
        yield _record(code, f"COST CENTRE {code}", ("RO177", "RO72"), _span(result), result)
    ccgs = set(
        pl.read_csv(shared / "reports" / "eccg_2025-12.csv", has_header=False, infer_schema=False).to_series()
    )
    for (parent,), result in links.sort("parent").group_by("parent", maintain_order=True):
        life = _span(result.to_dicts())
        yield _record(
            str(parent), f"COMMISSIONER {parent}", (_commissioner_role(str(parent), ccgs),), life, []
        )


def _commissioner_role(code: str, ccgs: set[str]) -> str:
    if code in ccgs:
        return "RO98"
    if code.startswith("7A"):
        return "RO144"
    return "RO179" if len(code) == 3 else "RO171"


def _span(links: Sequence[dict[str, Any]]) -> tuple[date, date | None]:
    ends = [link["end"] for link in links]
    return min(link["start"] for link in links), None if None in ends else max(ends)


def _record(
    code: str,
    name: str,
    roles: Sequence[str],
    life: tuple[date, date | None],
    links: Sequence[dict[str, Any]],
) -> Record:
    own = _dated(*life)
    record: dict[str, Any] = {
        "Name": name,
        "OrgId": org_id(code),
        **own,
        "LastChangeDate": "2019-10-01",
        "orgRecordClass": "RC1",
        "Roles": {"Role": [{**role(code, id_, primary=n == 0), **own} for n, id_ in enumerate(roles)]},
    }
    rels = [
        {
            "id": "RE4",
            "uniqueRelId": link["id"],
            **_dated(link["start"], link["end"]),
            "Target": {
                "OrgId": org_id(link["parent"]),
                "PrimaryRoleId": {"id": "RO98", "uniqueRoleId": number_of(link["parent"], "RO98")},
            },
        }
        for link in links
    ]
    return record | ({"Rels": {"Rel": rels}} if rels else {})


def _dated(start: date, end: date | None) -> dict[str, Any]:
    status = "Inactive" if end and end < DAY else "Active"
    return {"Date": dates(str(start), end and str(end)), "Status": status}
