"""What the marts must say, worked out slowly: one body at a time, one edge at a time, no SQL.

What lives here: the meaning of openness and of the current hierarchy, from the tables of facts and the rules.
What does not: speed.
"""

import csv
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

import ods_pipeline.marts
from ods_pipeline.schema import TABLES

Row = dict[str, Any]

KINDS = {
    "RO197": "trust",
    "RO107": "trust",
    "RO198": "trust_site",
    "RO272": "pcn",
    "RO104": "social_care_provider",
    "RO101": "social_care_site",
}
RULES_FILE = Path(ods_pipeline.marts.__file__).with_name("hierarchy_rules.csv")


def openness(status: str, legal_end: date | None, start: date | None, end: date | None, today: date) -> str:
    """In which sense a body is open on a day; ends are inclusive."""
    if start and start > today:
        return "not_yet_open"
    if end and end < today:
        return "closed"
    if status == "Inactive" and not end:
        return "closed"
    if legal_end and legal_end < today:
        return "legally_closed"
    return "closing" if end or legal_end else "open"


class Oracle:
    """The register of a build, asked one question at a time."""

    def __init__(self, build: Path, today: date) -> None:
        self.today = today
        self.bodies = {row["ods_code"]: row for row in rows(build, "organisations")}
        self.practices = {row["ods_code"] for row in rows(build, "roles") if row["role_id"] == "RO76"}
        self.edges: dict[str, list[Row]] = {}
        for row in rows(build, "relationships"):
            self.edges.setdefault(row["ods_code"], []).append(row)
        with RULES_FILE.open(newline="") as stream:
            self.rules = list(csv.DictReader(stream))

    def kind(self, code: str) -> str | None:
        role = self.bodies[code]["primary_role_id"]
        return "gp_practice" if role == "RO177" and code in self.practices else KINDS.get(role)

    def openness(self, code: str | None) -> str | None:
        if code is None:
            return None
        body = self.bodies[code]
        dates = (body["legal_end"], body["operational_start"], body["operational_end"])
        return openness(body["status"], *dates, self.today)

    def name(self, code: str | None) -> str | None:
        return None if code is None else self.bodies[code]["name"]

    def holds_today(self, edge: Row) -> bool:
        start, end = edge["operational_start"], edge["operational_end"]
        return start is not None and start <= self.today and (end is None or end >= self.today)

    def candidates(self, code: str, level: str) -> list[tuple[int, Row]]:
        """Every edge of the body that some rule of the level accepts today, with the rule's preference."""
        found = []
        for edge in self.edges.get(code, []):
            target = edge["target_ods_code"]
            if target == code or target not in self.bodies or not self.holds_today(edge):
                continue
            child, parent = (self.bodies[c]["primary_role_id"] for c in (code, target))
            for rule in self.rules:
                fits = rule["level"] == level and rule["rel_id"] == edge["rel_id"]
                fits = fits and rule["child_role"] in ("*", child) and rule["parent_role"] in ("*", parent)
                if fits and not (level == "operator" and parent in ("RO98", "RO261")):
                    found.append((int(rule["preference"]), edge))
        return found

    def parent(self, code: str | None, level: str) -> tuple[str | None, bool]:
        """The parent at a level, and whether another one has as good a claim."""
        found = self.candidates(code, level) if code else []
        if not found:
            return None, False
        best = min(preference for preference, _ in found)
        edges = [edge for preference, edge in found if preference == best]
        latest = max(edge["operational_start"] for edge in edges)
        chosen = min(edge["target_ods_code"] for edge in edges if edge["operational_start"] == latest)
        return chosen, len({edge["target_ods_code"] for edge in edges}) > 1

    def ambiguous(self, codes: Iterable[str | None]) -> bool:
        levels = {rule["level"] for rule in self.rules}
        return any(self.parent(code, level)[1] for code in codes if code for level in levels)

    def operators(self, code: str) -> list[str]:
        """The body, its operator, and so on, until there is none or one comes again."""
        chain = [code]
        while (above := self.parent(chain[-1], "operator")[0]) and above not in chain:
            chain.append(above)
        return chain

    def hierarchy_row(self, code: str) -> Row:
        chain = self.operators(code)
        provider, operator = chain[-1], self.parent(code, "operator")[0]
        pcn, sub_icb = self.parent(code, "pcn")[0], self.parent(code, "sub_icb")[0]
        commissioning = self.parent(sub_icb, "commissioning_icb")[0]
        partner = self.parent(code, "partner_icb")[0] or self.parent(provider, "partner_icb")[0]
        geography = self.parent(code, "geography_icb")[0] or self.parent(provider, "geography_icb")[0]
        by_basis = {"commissioner": commissioning, "partner": partner, "geography": geography}
        basis = next((basis for basis, icb in by_basis.items() if icb), None)
        icb = by_basis[basis] if basis else None
        region = self.parent(icb, "region")[0]
        row: Row = {"ods_code": code, "kind": self.kind(code), "postcode": self.bodies[code]["postcode"]}
        row |= {"name": self.name(code), "openness": self.openness(code)}
        parents = {"operator": operator, "provider": provider, "pcn": pcn, "sub_icb": sub_icb, "icb": icb}
        for level, parent in parents.items():
            row |= {f"{level}_code": parent, f"{level}_name": self.name(parent)}
            row[f"{level}_openness"] = self.openness(parent)
        row |= {"commissioning_icb_code": commissioning, "partner_icb_code": partner}
        row |= {"geography_icb_code": geography, "icb_basis": basis}
        row |= {"region_code": region, "region_name": self.name(region)}
        return row | {"is_ambiguous": self.ambiguous([*chain, sub_icb, icb]), "as_of": self.today}

    def hierarchy(self) -> pl.DataFrame:
        """`marts.provider_hierarchy_current`."""
        table = TABLES["provider_hierarchy_current"]
        found = [self.hierarchy_row(code) for code in sorted(self.bodies) if self.kind(code)]
        return pl.DataFrame(found, schema=table.dtypes, orient="row")


def rows(build: Path, name: str) -> list[Row]:
    return pl.read_parquet(build / TABLES[name].path).to_dicts()
