"""Official reports of trusts, commissioners, practices, branch surgeries and authorities as one register.

Lives here: a release composed from the reports, so that each row of a report has its organisation. Does not
live here: memberships of October 2019 (``real_reports.py``), and comparing. ICBs and regions are those that
columns 3 and 4 name: an open sub-ICB location is in the geography of its ICB, a trust is its partner.
"""

import atexit
import functools
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support.builders import RECORD_CLASSES, Held, dates, flatten, number_of, org_id, role
from ods_pipeline_tests.support.history.folding import with_duckdb
from ods_pipeline_tests.support.payloads import Record, release_xml, release_zip

DAY = date(2025, 12, 12)
REPORTS = {
    "etr": ("etr_2025-12.csv", "RO197"),
    "eccg": ("eccg_2025-12.csv", "RO98"),
    "ebranchs": ("ebranchs_2017-05.csv.gz", "RO96"),
    "eauth": ("eauth_2018-04.csv", "RO210"),
    "epraccur": ("epraccur_2019-10.csv.gz", "RO177"),
}
_ROLES = {
    "RO197": "NHS TRUST",
    "RO98": "CLINICAL COMMISSIONING GROUP",
    "RO96": "BRANCH SURGERY",
    "RO210": "NHS ENGLAND (REGION, LOCAL OFFICE)",
    "RO209": "NHS ENGLAND (REGION)",
    "RO261": "STRATEGIC PARTNERSHIP",
    "RO177": "PRESCRIBING COST CENTRE",
    "RO76": "GP PRACTICE",
}
_CODE_LISTS: dict[str, Any] = {
    "roles": [
        {"id": id_, "code": id_.removeprefix("RO"), "displayName": name, "primaryRole": id_ != "RO76"}
        for id_, name in _ROLES.items()
    ],
    "relationships": [
        {"id": "RE2", "code": "2", "displayName": "IS A SUB-DIVISION OF"},
        {"id": "RE4", "code": "4", "displayName": "IS COMMISSIONED BY"},
        {"id": "RE5", "code": "5", "displayName": "IS LOCATED IN THE GEOGRAPHY OF"},
        {"id": "RE6", "code": "6", "displayName": "IS OPERATED BY"},
        {"id": "RE8", "code": "8", "displayName": "IS PARTNER TO"},
    ],
    "record_classes": RECORD_CLASSES,
}
_LINES = ("AddrLn1", "AddrLn2", "AddrLn3", "Town", "County", "PostCode")


def report_rows(shared: Path, name: str, step: int = 10) -> list[list[str]]:
    """The rows of a report, 27 cells each, empty cells as empty text; from the long ones every tenth."""
    frame = pl.read_csv(shared / "reports" / REPORTS[name][0], has_header=False, infer_schema=False)
    rows = [list(row) for row in frame.fill_null("").iter_rows()]
    return rows[::step] if name in ("epraccur", "ebranchs") else rows


def write_report(shared: Path, name: str, folder: Path, step: int = 10) -> Path:
    """The report as a file of its own, with those rows."""
    return as_file(report_rows(shared, name, step), folder / REPORTS[name][0].removesuffix(".gz"))


def as_file(rows: list[list[str]], file: Path) -> Path:
    """Rows as ODS writes them: no header, every cell in quotes."""
    file.write_text("".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows), encoding="utf-8")
    return file


@functools.cache
def official_root(shared: Path, step: int = 10) -> DataRoot:
    """The published set of the register of the reports, built once and without Dagster. For reading only."""
    folder = Path(tempfile.mkdtemp(prefix="ods_pipeline_tests_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    options: dict[str, Any] = {"publication_date": DAY, **_CODE_LISTS}
    full = release_xml([*_records(shared, step)], publication_type="Full", **options)
    archive = release_xml([], publication_type="Archive", **options)
    held = Held(folder)
    held.add(flatten(release_zip(folder, release_date="2025-12-19", full=full, archive=archive)))
    return DataRoot(with_duckdb(held.register(), folder / "build").parent)


def _records(shared: Path, step: int) -> Iterator[Record]:
    regions: dict[str, set[str]] = {}
    codes: set[str] = set()
    for name, (_, role_id) in REPORTS.items():
        for row in report_rows(shared, name, step):
            is_open = not row[11]
            links = []
            if name in ("etr", "eccg") and row[3]:
                regions.setdefault(row[3], set()).add(row[2])
            if name == "etr" and is_open and row[3]:
                links = [("RE8", row[3], row[10], "")]
            elif name == "eccg" and is_open and row[3]:
                links = [("RE5", row[3], max(row[10], "20220701"), "")]
            elif name == "ebranchs" and row[14]:
                links = [("RE6", row[14], row[15], row[16])]
            elif name == "epraccur":
                links = _links_of_practice(row)
            if row[0] not in codes:
                codes.add(row[0])
                own = "RO209" if name == "eauth" and row[0].startswith("Y") else role_id
                yield _record(row, own, links, is_practice=row[25] == "4" and name == "epraccur")
    for icb in sorted(regions.keys() - codes):
        region = min(regions[icb])
        link = [("RE2", region, "20220701", "")]
        yield _record([icb, f"ICB {icb}", *[""] * 8, "20220701", ""], "RO261", link)
    for region in sorted({min(r) for r in regions.values()} - codes):
        yield _record([region, f"REGION {region}", *[""] * 8, "20190401", ""], "RO209", [])


def _links_of_practice(row: list[str]) -> list[tuple[str, str, str, str]]:
    """The commissioner of column 15, and the provider of column 24 where it is another one.

    Columns 16 and 17 are the days of the provider then.
    """
    commissioner, joined, left, provider = row[14], row[15], row[16], row[23]
    links = []
    if provider and provider != commissioner:
        links.append(("RE6", provider, joined or row[10], left))
        joined, left = row[10], row[11]
    return [*links, ("RE4", commissioner, joined or row[10], left)] if commissioner else links


def _record(
    row: list[str], role_id: str, links: list[tuple[str, str, str, str]], *, is_practice: bool = False
) -> Record:
    life = _dated(row[10], row[11])
    roles = [role_id, "RO76"] if is_practice else [role_id]
    place = {part: line for part, line in zip(_LINES, row[4:10], strict=True) if line}
    record: dict[str, Any] = {
        "Name": row[1],
        "OrgId": org_id(row[0]),
        **life,
        "LastChangeDate": "2017-05-01",
        "orgRecordClass": "RC1",
        "GeoLoc": {"Location": place},
        "Roles": {"Role": [{**role(row[0], id_, primary=id_ == role_id), **life} for id_ in roles]},
    }
    rels = [
        {
            "id": rel_id,
            "uniqueRelId": number_of(row[0], rel_id, parent),
            **_dated(start, end),
            "Target": {
                "OrgId": org_id(parent),
                "PrimaryRoleId": {"id": "RO98", "uniqueRoleId": number_of(parent, "RO98")},
            },
        }
        for rel_id, parent, start, end in links
    ]
    return record | ({"Rels": {"Rel": rels}} if rels else {})


def _dated(start: str, end: str) -> dict[str, Any]:
    def iso(text: str) -> str:
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"

    is_past = bool(end) and iso(end) < str(DAY)
    return {
        "Date": dates(iso(start), iso(end) if end else None),
        "Status": "Inactive" if is_past else "Active",
    }
