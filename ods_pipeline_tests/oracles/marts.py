"""What the marts must hold, worked out slowly: one organisation, one edge, one day at a time, without SQL.

What lives here: the meaning of openness, kinds and the hierarchy, from the tables of facts and the rules.
What does not: speed.
"""

import copy
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

import ods_pipeline.marts
from ods_pipeline.schema import TABLES

Row = dict[str, Any]

MARTS = Path(ods_pipeline.marts.__file__).parent
INHERITED = ("sub_icb", "commissioning_icb", "partner_icb", "geography_icb")
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
    days = [day for day in (stamped and stamped - timedelta(days=1), row["legal_end"]) if day]
    return min(days, default=None)


@dataclass(frozen=True)
class Step:
    """One chosen parent: the level, the relationship, and whether another was as good."""

    level: str
    edge: Row
    is_ambiguous: bool

    @property
    def parent(self) -> str:
        return self.edge["target_ods_code"]

    @property
    def as_via(self) -> Row:
        return {
            "level": self.level,
            "rel_id": self.edge["rel_id"],
            "unique_rel_id": self.edge["unique_rel_id"],
        }


class Oracle:
    """The register of a build, one question at a time, on one day."""

    def __init__(self, build: Path, today: date) -> None:
        self.today = self.built = today
        self.organisations = {row["ods_code"]: row for row in rows(build, "organisations")}
        self.edges, self.roles = (by_code(rows(build, name)) for name in ("relationships", "roles"))
        self.rules, self.kinds = (read(f"rules/{name}.csv") for name in ("hierarchy_rules", "kinds"))

    def on(self, day: date) -> "Oracle":
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
        return openness(
            status_by_days(organisation, organisation["last_change_date"], self.built),
            organisation["legal_end"],
            first,
            organisation["operational_end"],
            self.today,
        )

    def name(self, code: str | None) -> str | None:
        return None if code is None else self.organisations[code]["name"]

    def holds(self, edge: Row) -> bool:
        start = edge["operational_start"] or edge["legal_start"]
        end = last_day(edge, self.organisations[edge["ods_code"]]["last_change_date"], self.built)
        return start is not None and start <= self.today and (end is None or end >= self.today)

    def step(self, code: str, level: str) -> Step | None:
        """The edge chosen at a level: preference, later start, code, id."""
        result = []
        for edge in self.edges.get(code, []):
            target = edge["target_ods_code"]
            if target == code or target not in self.organisations or not self.holds(edge):
                continue
            child, parent = (self.organisations[c]["primary_role_id"] for c in (code, target))
            for rule in self.rules:
                fits = rule["level"] == level and rule["rel_id"] == edge["rel_id"]
                fits = fits and rule["child_role"] in ("*", child) and rule["parent_role"] in ("*", parent)
                if fits and not (level == "operator" and parent in ("RO98", "RO261")):
                    start = edge["operational_start"] or edge["legal_start"]
                    place = (int(rule["preference"]), -start.toordinal(), target, edge["unique_rel_id"])
                    result.append((place, edge))
        if not result:
            return None
        (best, *_), edge = min(result, key=lambda f: f[0])
        rivals = {e["target_ods_code"] for (preference, *_), e in result if preference == best}
        return Step(level, edge, len(rivals) > 1)

    def lives(self, code: str) -> bool:
        """Whether the organisation has a row today: it is in operation, or one of its links holds."""
        first, last = self.life(code)
        in_operation = first <= self.today and (last is None or last >= self.today)
        return in_operation or any(self.step(code, rule["level"]) for rule in self.rules)

    def operators(self, code: str) -> list[Step]:
        """Return its operator, the operator of that, and so on, until there is none or one comes again."""
        steps: list[Step] = []
        passed = [code]
        while (above := self.step(passed[-1], "operator")) and above.parent not in passed:
            steps.append(above)
            passed.append(above.parent)
        return steps

    def hierarchy_row(self, code: str) -> Row:
        """A row of `provider_hierarchy` without its dates."""
        chain = self.operators(code)
        line = [code, *[step.parent for step in chain]]
        near = {
            level: next((s for organisation in line if (s := self.step(organisation, level))), None)
            for level in INHERITED
        }
        pcn, commissioner = (self.step(code, level) for level in ("pcn", "commissioner"))
        sub_icb, direct = near["sub_icb"], near["commissioning_icb"]
        along = (sub_icb and self.step(sub_icb.parent, "commissioning_icb")) or direct
        row: Row = {"ods_code": code, "kind": self.kind(code)}
        row |= {"operator_code": line[1] if chain else None, "provider_code": line[-1]}
        row |= {"pcn_code": pcn and pcn.parent, "commissioner_code": commissioner and commissioner.parent}
        row |= {"sub_icb_code": sub_icb and sub_icb.parent}
        bases = {"commissioner": along, "partner": near["partner_icb"], "geography": near["geography_icb"]}
        columns = ("commissioning_icb_code", "partner_icb_code", "geography_icb_code")
        row |= {column: s and s.parent for column, s in zip(columns, bases.values(), strict=True)}
        basis = next((name for name, s in bases.items() if s), None)
        icb = row[columns[[*bases].index(basis)]] if basis else None
        if self.organisations[code]["primary_role_id"] == "RO261":
            basis, icb = "self", code
        region = self.step(icb, "region") if icb else None
        row |= {"icb_code": icb, "icb_basis": basis, "region_code": region and region.parent}
        used = [*chain, pcn, commissioner, sub_icb, *bases.values(), region]
        steps = [s for s in used if s]
        return row | {"is_ambiguous": any(s.is_ambiguous for s in steps), "via": [s.as_via for s in steps]}

    def current_row(self, code: str) -> Row:
        """A row of `provider_hierarchy_current` without its dates."""
        row = self.hierarchy_row(code)
        del row["via"]
        row |= {"name": self.name(code), "openness": self.openness(code), "as_of": self.today}
        row["postcode"] = self.organisations[code]["postcode"]
        for level in ("operator", "provider", "pcn", "commissioner", "sub_icb", "icb", "region"):
            parent = row[f"{level}_code"]
            row |= {f"{level}_name": self.name(parent), f"{level}_openness": self.openness(parent)}
        return row

    def current(self) -> pl.DataFrame:
        """`marts.provider_hierarchy_current` without `valid_from` and `valid_to`."""
        schema = {c: t for c, t in TABLES["provider_hierarchy_current"].dtypes.items() if "valid" not in c}
        result = [self.current_row(code) for code in sorted(self.organisations) if self.lives(code)]
        return pl.DataFrame(result, schema=schema, orient="row")

    def days(self) -> Sequence[date]:
        """Every day on which anything in the register begins, or no longer holds."""
        parts = [part for group in (self.edges, self.roles) for result in group.values() for part in result]
        things = [*self.organisations.values(), *parts]
        first = {t["operational_start"] or t["legal_start"] for t in things}
        stamps = {code: organisation["last_change_date"] for code, organisation in self.organisations.items()}
        last = {last_day(t, stamps[t["ods_code"]], self.built) for t in things}
        return sorted({*(first - {None}), *(d + timedelta(days=1) for d in last if d)})


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
