"""Small cases from public bug reports, composed into registers: the files of ``ods-data/cases``.

Lives here: their records as a release and fetches, and lists of codes as files. Does not live here: what has
to come (it is in each file), and asking (``commands/test_cases.py``).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline_tests.support.builders import RECORD_CLASSES, dates, number_of, org_id
from ods_pipeline_tests.support.payloads import Record, release_xml, release_zip, write_fetch
from ods_pipeline_tests.support.workbooks import workbook

_PARTS = ("full", "archive", "records")


def case(shared: Path, name: str) -> dict[str, Any]:
    """A case file; tables of bodies have other names now."""
    text = (shared / "cases" / f"{name}.json").read_text(encoding="utf-8")
    return json.loads(text.replace("marts.body_", "marts.organisation_"))


def build_case(
    folder: Path, content: dict[str, Any], today: date | None = None
) -> Iterator[tuple[str, DataRoot]]:
    """A data root for each world of a case, built as any other: its name (may be empty), and the root."""
    for world, values in (content.get("worlds") or {"": {}}).items():
        text = json.dumps({key: content.get(key, []) for key in ("releases", "fetches")})
        for word, value in values.items():
            text = text.replace(f'"{word}"', json.dumps(value))
        root = DataRoot(folder / f"world-{world}" / "data")
        releases, fetches = _written(folder / f"world-{world}", json.loads(text))
        pipeline.build(root, releases=releases, recorded=fetches, today=today)
        yield world, root


def _written(folder: Path, content: dict[str, Any]) -> tuple[list[Path], list[Path]]:
    """The zips of the releases and the folders of the fetches."""
    folder.mkdir(parents=True)
    entries = [
        r for part in (*content["releases"], *content["fetches"]) for key in _PARTS for r in part.get(key, [])
    ]
    primary = {entry["code"]: _role_id(entry["roles"][0]) for entry in entries}
    lists = _code_lists(entries)
    releases, fetches = [], []
    for release in content["releases"]:
        day = release["published"]
        files = {
            kind: release_xml(
                [_record(entry, primary, day) for entry in release.get(kind.lower(), [])],
                publication_date=day,
                publication_type=kind,
                **lists,
            )
            for kind in ("Full", "Archive")
        }
        released = release["released"]
        releases.append(
            release_zip(folder, release_date=released, full=files["Full"], archive=files["Archive"])
        )
    for fetch in content["fetches"]:
        stamp = fetch["stamp"]
        day = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"
        records = [_record(entry, primary, day) for entry in fetch["records"]]
        window = {"as_of": day, "stamps_from": fetch["from"], "stamps_to": day}
        fetches.append(write_fetch(folder / "ord", stamp=stamp, records=records, **window, **lists))
    return releases, fetches


def _code_lists(entries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    entries = list(entries)
    first = {_role_id(entry["roles"][0]) for entry in entries} | {"RO98"}
    roles = first | {_role_id(role) for entry in entries for role in entry["roles"]}
    rels = {rel[0] for entry in entries for rel in entry.get("rels", [])} | {"RE6"}
    return {
        "roles": [
            {"id": r, "code": r.removeprefix("RO"), "displayName": f"ROLE {r}", "primaryRole": r in first}
            for r in sorted(roles)
        ],
        "relationships": [
            {"id": r, "code": r.removeprefix("RE"), "displayName": f"RELATIONSHIP {r}"} for r in sorted(rels)
        ],
        "record_classes": RECORD_CLASSES,
    }


def _role_id(role: str | list[Any]) -> str:
    return role if isinstance(role, str) else role[0]


def _record(entry: dict[str, Any], primary: dict[str, str], published: str) -> Record:
    code, (start, end) = entry["code"], entry["op"]
    life = dates(start, end) + (dates(*entry["legal"], kind="Legal") if "legal" in entry else [])
    record: Record = {
        "Name": entry["name"],
        "OrgId": org_id(code),
        "Date": life,
        "Status": _status(end, published),
        "LastChangeDate": entry.get("changed", min(start, published)),
        "orgRecordClass": entry.get("class", "RC1"),
        "Roles": {
            "Role": [_role(code, n, role, (start, end), published) for n, role in enumerate(entry["roles"])]
        },
    }
    if entry.get("at", {}) is not None:
        record["GeoLoc"] = {"Location": {"Country": "ENGLAND", **entry.get("at", {})}}
    if entry.get("rels"):
        record["Rels"] = {"Rel": [_rel(code, rel, primary, published) for rel in entry["rels"]]}
    if entry.get("succs"):
        record["Succs"] = {
            "Succ": [
                {
                    "uniqueSuccId": number_of(code, kind, to),
                    "Date": dates(day, kind="Legal"),
                    "Type": kind,
                    "Target": _target(to, primary),
                }
                for kind, to, day in entry["succs"]
            ]
        }
    return record


def _status(end: str | None, published: str) -> str:
    return "Inactive" if end and end < published else "Active"


def _role(
    code: str, n: int, role: str | list[Any], life: tuple[str, str | None], published: str
) -> dict[str, Any]:
    role_id, start, end = (role, *life) if isinstance(role, str) else role
    return {
        "id": role_id,
        "uniqueRoleId": number_of(code, role_id, str(n)),
        **({"primaryRole": True} if n == 0 else {}),
        "Date": dates(start, end),
        "Status": _status(end, published),
    }


def _target(code: str, primary: dict[str, str]) -> dict[str, Any]:
    role_id = primary.get(code, "RO98")
    return {"OrgId": org_id(code), "PrimaryRoleId": {"id": role_id, "uniqueRoleId": number_of(code, role_id)}}


def _rel(code: str, rel: list[Any], primary: dict[str, str], published: str) -> dict[str, Any]:
    rel_id, to, start, *rest = rel
    options = rest.pop() if rest and isinstance(rest[-1], dict) else {}
    end = rest[0] if rest else None
    return {
        "id": rel_id,
        "uniqueRelId": options.get("id", number_of(code, rel_id, to, start)),
        "Date": dates(start, end) + (dates(start, end, kind="Legal") if options.get("legal") else []),
        "Status": options.get("status", _status(end, published)),
        "Target": _target(to, primary),
    }


def list_file(folder: Path, check: dict[str, Any]) -> Path:
    """The list of a ``check`` as a file: codes below a heading, rows, or a workbook with its numbers."""
    if "xlsx" in check:
        file = folder / "list.xlsx"
        file.write_bytes(workbook({"Sheet1": check["xlsx"]}))
        return file
    rows: Sequence[Sequence[str]] = check.get("rows") or [["ods code"], *([code] for code in check["codes"])]
    file = folder / "list.csv"
    file.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return file
