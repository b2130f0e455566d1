"""The register of a build on one day, worked out slowly: lives, kinds, roles, the days of relationships.

Lives here: the meaning of openness, kinds and the roles that rules ask for. Does not live here: the hierarchy
(``marts.py``) and speed.
"""

import copy
import csv
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

import polars as pl

import ods_pipeline.marts
from ods_pipeline.schema import TABLES

Row = dict[str, Any]

MARTS = Path(ods_pipeline.marts.__file__).parent
FILLER = date(1900, 1, 1)


def openness(status: str, legal_end: date | None, start: date | None, end: date | None, today: date) -> str:
    """Return in which sense an organisation is open on a day; ends are inclusive."""
    if start and start > today:
        return "not_yet_open"
    if end and end < today:
        return "closed"
    if status == "Inactive" and not end:
        return "closed"
    if legal_end and legal_end < today:
        return "legally_closed"
    return "closing" if end or legal_end else "open"


def status_by_days(row: Row, stamped: date | None, today: date) -> str:
    """Return the status, or Active where Inactive only means: not begun, or over in law alone."""
    starts = [day for day in (row["operational_start"], row["legal_start"]) if day]
    not_begun = stamped is not None and any(day > stamped for day in starts)
    in_operation_only = row["operational_start"] and row["legal_end"] and row["legal_end"] < today
    return "Active" if not_begun or in_operation_only else row["status"]


def last_day(row: Row, stamped: date | None, today: date) -> date | None:
    """Return the last day, inclusive, on which a dated thing holds.

    `stamped` is the LastChangeDate, and `today` the day of the build.
    """
    if row["operational_end"]:
        return row["operational_end"]
    if row["legal_end"] and not row["operational_start"]:
        return row["legal_end"]
    if status_by_days(row, stamped, today) != "Inactive":
        return None
    days = [day for day in ((stamped or today) - timedelta(days=1), row["legal_end"]) if day]
    return min(days)


class Register:
    """The register of a build, one question at a time, on one day."""

    def __init__(self, build: Path, today: date) -> None:
        self.today = self.built = today
        self.organisations = {row["ods_code"]: row for row in rows(build, "organisations")}
        self.edges, self.roles = (by_code(rows(build, name)) for name in ("relationships", "roles"))
        places = build / TABLES["geo.postcodes"].path
        postcodes = pl.read_parquet(places).to_dicts() if places.exists() else []
        self.postcodes = {row["postcode_key"]: row for row in postcodes}
        self.rules, self.kinds = (read(f"rules/{name}.csv") for name in ("hierarchy_rules", "kinds"))

    def on(self, day: date) -> Self:
        """Return the same register on another day."""
        other = copy.copy(self)
        other.today = day
        return other

    def life(self, code: str) -> tuple[date, date | None]:
        """Return the first and the last day of an organisation, inclusive."""
        organisation = self.organisations[code]
        first = organisation["operational_start"] or organisation["legal_start"] or FILLER
        return first, last_day(organisation, organisation["last_change_date"], self.built)

    def kind(self, code: str) -> str:
        primary = self.organisations[code]["primary_role_id"]
        fitting = [k for k in self.kinds if k["primary_role_id"] in ("*", primary)]
        fitting = [k for k in fitting if not k["with_role_id"] or self.has_role(code, k["with_role_id"])]
        return min(fitting, key=lambda k: int(k["preference"]))["kind"]

    def has_role(self, code: str, role_id: str) -> bool:
        """Whether it has the role today; before it began and after it ended, whether it had it then."""
        first, last = self.life(code)
        day = max(self.today, first)
        for role in self.roles.get(code, []):
            start = role["operational_start"] or role["legal_start"]
            end = last_day(role, self.organisations[code]["last_change_date"], self.built)
            began = start is None or start <= day
            ended = end is not None and end < day and (last is None or end < last)
            if role["role_id"] == role_id and began and not ended:
                return True
        return False

    def openness(self, code: str | None) -> str | None:
        if code is None:
            return None
        organisation = self.organisations[code]
        first = organisation["operational_start"] or organisation["legal_start"]
        stamp = organisation["last_change_date"]
        return openness(
            status_by_days(organisation, stamp, self.built),
            organisation["legal_end"],
            first,
            last_day(organisation, stamp, self.built),
            self.today,
        )

    def name(self, code: str | None) -> str | None:
        return None if code is None else self.organisations[code]["name"]

    def holds(self, edge: Row) -> bool:
        start = edge["operational_start"] or edge["legal_start"]
        end = last_day(edge, self.organisations[edge["ods_code"]]["last_change_date"], self.built)
        return start is not None and start <= self.today and (end is None or end >= self.today)

    def fits(self, expression: str, code: str) -> bool:
        """Whether the roles of an organisation fit an expression of the rules today."""
        primary = self.organisations[code]["primary_role_id"]
        for alternative in expression.split("|"):
            first, *others = re.split(r"(?=[+-])", alternative)
            held = {o: o[1:] == primary or self.has_role(code, o[1:]) for o in others}
            if first in ("*", primary) and all(held[o] == (o[0] == "+") for o in others):
                return True
        return False

    def fits_since(self, rule: Row, child: str, parent: str, start: date) -> date:
        """The first day since which, without a gap, a rule takes a link that began at `start`."""
        changes = {
            day
            for code in (child, parent)
            for role in self.roles.get(code, [])
            for day in (role["operational_start"] or role["legal_start"], self.day_after(role, code))
            if day and start < day <= self.today
        }
        since = self.today
        for day in sorted({*changes, start}, reverse=True):
            there = self.on(day)
            # From a change to the day before the next one nothing differs.
            if not (there.fits(rule["child_role"], child) and there.fits(rule["parent_role"], parent)):
                break
            since = day
        return since

    def day_after(self, role: Row, code: str) -> date | None:
        end = last_day(role, self.organisations[code]["last_change_date"], self.built)
        return None if end is None or end == date.max else end + timedelta(days=1)

    def fits_parent(self, expression: str, edge: Row) -> bool:
        if edge["target_ods_code"] in self.organisations:
            return self.fits(expression, edge["target_ods_code"])
        stated = edge["target_primary_role_id"]
        alternatives = [re.split(r"(?=[+-])", a) for a in expression.split("|")]
        return any(
            first in ("*", stated) and not any(o[0] == "+" or o[1:] == stated for o in others)
            for first, *others in alternatives
        )


def read(name: str) -> list[Row]:
    with (MARTS / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def rows(build: Path, name: str) -> list[Row]:
    return pl.read_parquet(build / TABLES[name].path).to_dicts()


def by_code(result: list[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in result:
        grouped.setdefault(row["ods_code"], []).append(row)
    return grouped
