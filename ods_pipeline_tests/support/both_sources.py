"""One register shown by ORD and by ODT, and what of the tables may differ then.

Lives here: worlds of the factory's records, the registers that each source makes of them, and the columns and
rows that ODT cannot say. Does not live here: what has to be equal (``sources/odt/test_equality.py``,
``test_published.py``).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from ods_pipeline.dataroot.flat import flat_folders, write_flat
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.defs import build as pipeline
from ods_pipeline.flatten.fetch import flatten_fetch
from ods_pipeline.history.fold import Register, fold
from ods_pipeline.history.observations import observe
from ods_pipeline.inventory.due import due_fetches, mark_of
from ods_pipeline.schema import Table
from ods_pipeline.schema.silence import ODT_SILENT
from ods_pipeline.sources.deltas import fetch_stamps
from ods_pipeline_tests.factory.fetches import as_records
from ods_pipeline_tests.factory.files import as_read
from ods_pipeline_tests.factory.parts import concepts
from ods_pipeline_tests.factory.register import make_register
from ods_pipeline_tests.odt_server import Behaviour, OdtServer
from ods_pipeline_tests.support.builders import flatten, make_record, write_release
from ods_pipeline_tests.support.payloads import code_of, organisation_json, search_row
from ods_pipeline_tests.support.simulated import SimulatedClock, odt_sources_of, sources_of
from ods_pipeline_tests.support.worlds import LISTS, Fetched, World

DAY = date(2026, 9, 4)
HELD = ("ZZ8", "ZZ9")  # in the release that each source finds
KINDS = ("organisations", "roles", "relationships", "successions", "contacts")
# The columns of published tables that ODT cannot say, or that name the source. All others are equal.
_SILENT: dict[str, set[str]] = {
    name: {f.partition(".")[2] for f in ODT_SILENT if f.startswith(f"{name}.")} for name in KINDS[1:4]
}
DIFFERENT: dict[str, set[str]] = {
    **_SILENT,
    **{f"history.{name}": columns for name, columns in _SILENT.items()},
    "history.organisations": {"content_hash"},
    "history.observations": {"content_hash", "fax_hash", "fax_numbers", "is_partial"},
    "history.notices": {"source", "reason", "reason_code", "primary_role_id", "capture_id"},
    "captures": {"source", "applied_rules", "bytes", "sha256", "declared_records", "parsed_records"},
    "deletions": {"source", "reason", "reason_code"},
    "succession_edges": {"days_apart"},  # of the two dates of a succession, ODT has one
    "closed_codes": {"legal_end"},  # the legal dates of a row that repeat the operational ones
}
# Equal in a fetch of one day. Over several days ORD repeats notices, and lists codes that it does not have.
OVER_DAYS = {"history.notices.capture_id", "captures.declared_records", "captures.parsed_records"}
# In some rows only: of a deletion, ``field`` names the list that had it, and the id of the event has it.
LEGAL, EVENT = ("legal_start", "legal_end"), ("change_id", "field")
SILENT_CONTACTS = ("fax", "mailto")


def set_aside(table: Table) -> set[str]:
    """The columns of a published table that may differ, in all rows or in some."""
    found = DIFFERENT.get(table.id, set()) & set(table.columns)
    if {*LEGAL, "operational_start"} <= set(table.columns):
        found |= {*LEGAL}
    if table.name == "contacts":
        found |= {"contact_type", "contact_value"}
    return found | ({*EVENT} if table.id == "code_changes" else set())


@dataclass
class One(World):  # type: ignore[misc]
    """A world that shows one register for ever."""

    shown: Fetched

    def register(self, day: date) -> Fetched:
        return self.shown

    def releases(self, day: date) -> dict[str, bytes]:
        return {}


def world_of_records(
    records: Sequence[dict[str, Any]],
    lists: dict[str, list[dict[str, Any]]],
    gone: Sequence[dict[str, Any]] = (),
) -> One:
    """A world of these records, code lists and notices of deletions."""
    names = {entry["id"]: entry["displayName"] for entry in lists["role"]}
    roles = [{**r, "primaryRole": str(r["primaryRole"]).lower()} for r in lists["role"]]
    kinds = {"/roles": roles, "/rels": lists["relationship"], "/recordclasses": lists["record_class"]}
    pages = {path: json.dumps({LISTS[path]: kinds[path]}).encode() for path in LISTS}
    pages["/notifications"] = json.dumps({"DeletedOrganisations": list(gone)}).encode()
    by_code = {code_of(r): r for r in records}
    return One(
        Fetched(
            rows=[search_row(by_code[c], names) for c in sorted(by_code)],
            records={c: organisation_json(r) for c, r in by_code.items()},
            lists=pages,
        )
    )


def comparable(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    """A published table without what ODT cannot say."""
    if table in ("history.notices", "deletions"):  # a code that ORD lists and does not find: ODT lists none
        frame = frame.filter(pl.col("source") != "gone_from_api")
    frame = frame.drop(DIFFERENT.get(table, set()), strict=False)
    if {*LEGAL, "operational_start"} <= set(frame.columns):
        frame = without_equal_legal(frame)
    if "contact_type" in frame.columns:
        frame = frame.filter(~pl.col("contact_type").is_in(SILENT_CONTACTS))
    if table == "code_changes":
        is_other = pl.col("change_kind") != "deleted"
        frame = frame.with_columns(pl.when(is_other).then(c).alias(c) for c in EVENT)
    return frame.unique(maintain_order=True)


def without_equal_legal(frame: pl.DataFrame) -> pl.DataFrame:
    """Legal dates that repeat the Operational ones: nothing in ODT shows whether ORD has them."""
    start, end = pl.col("legal_start"), pl.col("legal_end")
    repeats = (start == pl.col("operational_start")) & end.eq_missing(pl.col("operational_end"))
    kept = ~repeats.fill_null(False)
    return frame.with_columns(pl.when(kept).then(c).alias(c) for c in LEGAL)


def flatten_due(root: DataRoot) -> None:
    """Flatten the fetches that are held and not flat yet."""
    for fetch in due_fetches(root):
        flat = flatten_fetch(fetch.folder)
        write_flat(root, flat.folder, flat.frames, mark_of(fetch.receipt.sha256))


def folded(root: DataRoot) -> Register:
    """The register of all that is held."""
    flatten_due(root)
    return fold(observe(flat_folders(root)))


def with_baseline(root: DataRoot, folder: Path, records: Sequence[dict[str, Any]], day: date) -> None:
    """Puts a small release into the root: without one there is no register."""
    flat = flatten(write_release(folder, records, published=str(day), released=str(day)))
    write_flat(root, flat.folder, flat.frames, mark_of("0" * 64))


def assert_equal(first: Register, second: Register) -> None:
    for name, frame in first.frames.items():
        ours, theirs = comparable(frame, name), comparable(second.frames[name], name)
        assert ours.equals(theirs), (name, ours.join(theirs, on=ours.columns, how="anti", nulls_equal=True))


def factory_records(scale: float) -> list[dict[str, Any]]:
    """Every record of the full and the archive file that the API would have, stamped on one day."""
    register = make_register(scale)
    found: dict[str, dict[str, Any]] = {}
    for archive in (True, False):
        frames = as_read(register, archive=archive)
        for record in as_records(frames, frames["organisations"]["ods_code"].to_list()):
            if not record.get("refOnly") or code_of(record) not in found:
                found[code_of(record)] = {**record, "LastChangeDate": str(DAY)}
    return list(found.values())


def real_records(shared: Path) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """The real records of the API that are kept next to the repository, and code lists that know them."""
    found = [json.loads(p.read_bytes())["Organisation"] for p in sorted((shared / "ord-json").glob("*.json"))]
    lists = {**concepts()}
    known = {r["id"] for r in lists["role"]}
    for role in (r for record in found for r in record["Roles"]["Role"]):
        if role["id"] not in known:
            known.add(role["id"])
            entry = {"id": role["id"], "code": role["id"][2:], "displayName": role["id"]}
            lists["role"] = [*lists["role"], {**entry, "primaryRole": bool(role.get("primaryRole"))}]
    return [{**r, "LastChangeDate": str(DAY)} for r in found], lists


def both_fetched(tmp_path: Path, world: World, behaviour: Behaviour | None = None) -> Iterator[DataRoot]:
    """A data root for each source, ORD first, that holds its fetch of the day and nothing else."""
    for name in ("ord", "odt"):
        root, clock = DataRoot(tmp_path / name), SimulatedClock(f"{DAY}T04:30:00+00:00")
        with OdtServer(world, now=clock.now, behaviour=behaviour) as server:
            sources = odt_sources_of(server, clock) if name == "odt" else sources_of(server, clock)
            fetch_stamps(root, sources, (DAY, DAY))
        yield root


def both_registers(
    tmp_path: Path, world: World, behaviour: Behaviour | None = None
) -> tuple[Register, Register]:
    """The registers that one fetch of the day by ORD and one by ODT make."""
    first, second = map(folded, both_flattened(tmp_path, world, behaviour))
    return first, second


def both_flattened(tmp_path: Path, world: World, behaviour: Behaviour | None = None) -> Iterator[DataRoot]:
    """A data root for each source, ORD first, with a small release and its fetch of the day, both flat."""
    for root in both_fetched(tmp_path, world, behaviour):
        folder = tmp_path / f"trud-{root.path.name}"
        with_baseline(root, folder, [make_record(code) for code in HELD], DAY - timedelta(days=30))
        flatten_due(root)
        yield root


def both_published(tmp_path: Path, world: World) -> tuple[DataRoot, DataRoot]:
    """The published sets of one small release, and of one fetch of the day by ORD and one by ODT."""
    day = str(DAY - timedelta(days=30))
    release = write_release(tmp_path / "trud", [*map(make_record, HELD)], published=day, released=day)
    roots = []
    for root in both_fetched(tmp_path, world):
        built = pipeline.build(root, releases=[release])
        assert built.problems == [], built.problems
        roots.append(root)
    return roots[0], roots[1]
