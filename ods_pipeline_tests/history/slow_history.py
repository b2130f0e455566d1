"""The tables of history, told slowly: one code at a time, one capture after another.

What lives here: what a version is, as plain loops over flattened captures. What does not: speed, and anything
of the fold.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from ods_pipeline.flatten.flat import Flat
from ods_pipeline.history.tables import History
from ods_pipeline.schema import COMPONENTS, TABLES

Row = dict[str, Any]


@dataclass(frozen=True)
class Sighting:
    """What one capture says of one code."""

    place: int
    as_of: date
    is_delta: bool
    capture_id: str
    row: Row
    parts: dict[str, list[Row]]

    @property
    def content(self) -> int:
        return self.row["content_hash"]

    @property
    def fax(self) -> list[str]:
        return sorted(c["contact_value"] for c in self.parts["contacts"] if c["contact_type"] == "fax")


@dataclass
class Version:
    """A run of equal content."""

    first: Sighting
    last: Sighting
    fax: list[str]
    known_to: date | None = None
    gone_by: str | None = None
    is_unstamped: bool = False

    @property
    def known_from(self) -> date:
        return self.first.as_of


@dataclass(frozen=True)
class Told:
    """All captures in the order that counts, and the versions of every code."""

    flats: list[Flat]
    captures: pl.DataFrame
    sightings: dict[str, list[Sighting]]
    versions: dict[str, list[Version]]


def day_of(flat: Flat) -> date:
    return flat.captures["as_of"][0]


def is_delta(flat: Flat) -> bool:
    return flat.captures["kind"][0] == "delta"


def told_of(flats: Sequence[Flat]) -> Told:
    """Every version of every code that the captures tell of."""
    ordered = sorted(flats, key=lambda f: (day_of(f), is_delta(f), f.folder))
    sightings: dict[str, list[Sighting]] = {}
    for place, flat in enumerate(ordered):
        parts: dict[str, dict[str, list[Row]]] = {name: {} for name in COMPONENTS}
        for name in COMPONENTS:
            for row in flat.frames[name].rows(named=True):
                parts[name].setdefault(row["ods_code"], []).append(row)
        for row in flat.frames["organisations"].rows(named=True):
            own = {name: parts[name].get(row["ods_code"], []) for name in COMPONENTS}
            sighting = Sighting(place, day_of(flat), is_delta(flat), row["capture_id"], row, own)
            sightings.setdefault(row["ods_code"], []).append(sighting)
    captures = pl.concat([f.captures for f in ordered])
    versions = {code: _versions(code, seen, ordered) for code, seen in sightings.items()}
    return Told(ordered, captures, sightings, versions)


def _versions(code: str, seen: list[Sighting], flats: list[Flat]) -> list[Version]:
    complete = [s for s in seen if not s.row["ref_only"]]
    speaking = [s for s in seen if not s.row["ref_only"] or not any(c.place <= s.place for c in complete)]
    by_day = {s.as_of: s for s in speaking}  # on one day the last one counts
    versions: list[Version] = []
    for sighting in by_day.values():
        before = versions[-1] if versions else None
        gone = _gone(code, before.last, seen, flats, sighting.place) if before else None
        if before and gone:
            before.known_to, before.gone_by = gone
        fax = sighting.fax
        if before and not fax and not sighting.row["is_xml"]:
            fax = before.fax
        if before and not gone and before.first.content == sighting.content and before.fax == fax:
            before.last = sighting
            continue
        unstamped = False
        if before and not gone:
            before.known_to = sighting.as_of
            stubs = before.last.row["ref_only"] or sighting.row["ref_only"]
            stamps = (before.last.row["last_change_date"], sighting.row["last_change_date"])
            unstamped = not stubs and stamps[0] == stamps[1]
        versions.append(Version(sighting, sighting, fax, is_unstamped=unstamped))
    if versions:
        gone = _gone(code, versions[-1].last, seen, flats, len(flats))
        if gone:
            versions[-1].known_to, versions[-1].gone_by = gone
    return versions


def _gone(
    code: str, last: Sighting, seen: list[Sighting], flats: list[Flat], until: int
) -> tuple[date, str] | None:
    """By which day, and how, the code was gone between its last sighting and place ``until``."""
    between = range(last.place + 1, until)
    there = {s.place for s in seen}
    told = {
        row["deleted_on"]
        for place in between
        for row in flats[place].frames["notices"].rows(named=True)
        if row["ods_code"] == code and row["source"] == "ord_notifications"
    }
    told = {day for day in told if day >= last.as_of}
    if told:
        return max(told), "notice"
    for place in between:
        if not is_delta(flats[place]) and place not in there and flats[place].frames["organisations"].height:
            return day_of(flats[place]), "absent"
    return None


def slow_history(told: Told, deletions: pl.DataFrame | None = None) -> History:
    """The same as the frames that judgements of time are made from."""
    rows = [(code, v) for code in sorted(told.versions) for v in told.versions[code]]
    organisations = [_organisation(code, v) for code, v in rows]
    parts = {name: _rows(name, (_part(code, v, name) for code, v in rows)) for name in COMPONENTS}
    return History(
        organisations=frame_of("history.organisations", organisations),
        observations=frame_of("history.observations", _observations(told)),
        notices=frame_of("history.notices", _notices(told)),
        parts={name: rows.lazy() for name, rows in parts.items()},
        captures=told.captures.select(TABLES["captures"].columns),
        deletions=TABLES["deletions"].empty() if deletions is None else deletions,
    )


def frame_of(table: str, rows: Sequence[Row]) -> pl.DataFrame:
    """Rows as a frame of a table; what a row leaves out is null."""
    dtypes = TABLES[table].dtypes
    return pl.DataFrame([[row.get(c) for c in dtypes] for row in rows], schema=dtypes, orient="row")


def _interval(code: str, version: Version) -> Row:
    return {"ods_code": code, "known_from": version.known_from, "known_to": version.known_to}


def _organisation(code: str, version: Version) -> Row:
    return {
        **version.first.row,
        **_interval(code, version),
        "is_unstamped": version.is_unstamped,
        "stamped_on": version.first.row["last_change_date"],
        "last_change_date": version.last.row["last_change_date"],
        "published_in": version.last.row["published_in"],
        "last_capture_id": version.last.capture_id,
        "gone_by": version.gone_by,
    }


def _part(code: str, version: Version, name: str) -> list[Row]:
    rows = version.first.parts[name]
    if name == "contacts":
        rows = [r for r in rows if r["contact_type"] != "fax"]
        fax = [
            {"contact_type": "fax", "contact_value": value, "ordinal": n}
            for n, value in enumerate(version.fax, 1)
        ]
        rows = rows + fax
    return [{**row, **_interval(code, version)} for row in rows]


def _rows(name: str, parts: Iterable[list[Row]]) -> pl.DataFrame:
    return frame_of(f"history.{name}", [row for part in parts for row in part])


def _notices(told: Told) -> list[Row]:
    """Of each notice the first fetch that brought it, of a 404 the last one of its day."""
    found: dict[tuple[Any, ...], Row] = {}
    for flat in told.flats:
        for row in flat.frames["notices"].rows(named=True):
            key = (row["ods_code"], row["deleted_on"], row["source"])
            if key not in found or row["source"] == "gone_from_api":
                found[key] = {**row, "capture_id": flat.captures["capture_id"][0]}
    return list(found.values())


def _observations(told: Told) -> list[Row]:
    rows = []
    releases = [n for n, flat in enumerate(told.flats) if not is_delta(flat)]
    kept = ("published_in", "ref_only", "is_xml", "last_change_date", "content_hash", "fax_hash")
    for code, seen in sorted(told.sightings.items()):
        run: Row | None = None
        for s in sorted(seen, key=lambda s: (s.is_delta, s.place)):
            row = {"ods_code": code, "as_of": s.as_of, "is_delta": s.is_delta, "capture_id": s.capture_id}
            row |= {name: s.row[name] for name in (*kept, "name", "primary_role_id", "operational_start")}
            row |= {"as_of_last": s.as_of, "last_capture_id": s.capture_id, "place": s.place}
            follows = run and not s.is_delta and releases.index(s.place) == releases.index(run["place"]) + 1
            if run and follows and all(run[name] == row[name] for name in kept):
                run |= {"as_of_last": s.as_of, "last_capture_id": s.capture_id, "place": s.place}
                continue
            rows.append(row)
            run = None if s.is_delta else row
    return rows
