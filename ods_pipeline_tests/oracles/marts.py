"""What the hierarchy must hold, worked out slowly: one organisation, one day at a time, without SQL.

Lives here: the parents of an organisation at every level, from the tables of facts and the rules. Does not
live here: roles, kinds and openness (``register.py``), and speed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from ods_pipeline.schema import TABLES
from ods_pipeline_tests.oracles.register import Register, Row, last_day, openness

__all__ = ["Oracle", "openness"]

ICBS_BEGIN = date(2020, 4, 1)
ENGLAND = ("ENGLAND", "UNITED KINGDOM", "GREAT BRITAIN", "UK", "GB")
ABROAD = (
    *("health_board", "health_board_site", "northern_ireland_trust"),
    *("northern_ireland_practice", "scottish_practice"),
)
HEAD_OFFICES = ("pharmacy_hq", "optical_hq", "independent_provider", "social_care_provider")
INHERITED = (
    *("commissioner", "sub_icb", "hub", "commissioning_icb"),
    *("partner_icb", "geography_icb", "area_as_commissioner", "area"),
)


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


class Oracle(Register):
    """The hierarchy of a register, one organisation at a time, on one day."""

    def step(self, code: str, level: str, *, held: bool = True) -> Step | None:
        """The edge chosen at a level: preference, later start, code, id. `held` False: to unknown codes."""
        result = []
        for edge in self.edges.get(code, []):
            target = edge["target_ods_code"]
            if target == code or (target in self.organisations) != held or not self.holds(edge):
                continue
            for rule in self.rules:
                if rule["level"] != level or rule["rel_id"] != edge["rel_id"]:
                    continue
                if not self.fits(rule["child_role"], code) or not self.fits_parent(rule["parent_role"], edge):
                    continue
                start = edge["operational_start"] or edge["legal_start"]
                start = self.fits_since(rule, code, target, start) if held else start
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

    def hierarchy_row(self, code: str, ends: date | None) -> Row:
        """A row of `provider_hierarchy` without its dates; `ends` is the first day after it."""
        chain = self.operators(code)
        line = [code, *[step.parent for step in chain]]
        last = self.life(code)[1]
        heirs = line[:1] if last and last < self.today else line  # what is closed inherits nothing
        steps_of = {level: [self.step(organisation, level) for organisation in heirs] for level in INHERITED}
        commissioners = steps_of["commissioner"]
        depth = next((n for n, s in enumerate(commissioners) if s), None)
        nearest = None if depth is None else commissioners[depth]
        hub_step = None if depth is None else steps_of["hub"][depth]
        hub = hub_step if hub_step and nearest and hub_step.edge == nearest.edge else None

        def near(level: str, reach: int | None) -> Step | None:
            reached = steps_of[level] if reach is None else steps_of[level][: reach + 1]
            return next((s for s in reached if s), None)

        sub_icb, direct = (None if hub else near(level, depth) for level in ("sub_icb", "commissioning_icb"))
        reach = depth if hub else None
        under_icb = bool(direct and nearest and direct.edge == nearest.edge)
        left, sub_icb = (sub_icb, None) if under_icb else (None, sub_icb)
        partner, geography, own_area = (near(n, reach) for n in ("partner_icb", "geography_icb", "area"))
        commissioner, pcn = commissioners[0], self.step(code, "pcn")
        along = (sub_icb and self.step(sub_icb.parent, "commissioning_icb")) or direct
        commissioning_area = None if hub or not nearest else self.step(nearest.parent, "commissioning_area")
        direct_area = None if hub else near("area_as_commissioner", depth)
        area = commissioning_area or direct_area or own_area
        row: Row = {"ods_code": code, "kind": self.kind(code), "country": self.organisations[code]["country"]}
        row |= {"operator_code": line[1] if chain else None, "provider_code": line[-1]}
        row |= {"pcn_code": pcn and pcn.parent, "commissioner_code": commissioner and commissioner.parent}
        row |= {"sub_icb_code": sub_icb and sub_icb.parent, "sub_icb_reason": None}
        bases = {"commissioner": along, "partner": partner, "geography": geography}
        columns = ("commissioning_icb_code", "partner_icb_code", "geography_icb_code")
        row |= {column: s and s.parent for column, s in zip(columns, bases.values(), strict=True)}
        basis = next((name for name, s in bases.items() if s), None)
        icb = row[columns[[*bases].index(basis)]] if basis else None
        if self.organisations[code]["primary_role_id"] == "RO261":
            basis, icb = "self", code
        if not icb and not hub and (found := self.postcode_icb(code)):
            basis, icb = "postcode", found
        sources = (code, icb, area and area.parent, hub and hub.parent)
        region = next((s for source in sources if source and (s := self.step(source, "region"))), None)
        row |= {"icb_code": icb, "icb_basis": basis, "icb_reason": None}
        row |= {"area_code": area and area.parent, "region_code": region and region.parent}
        row["region_reason"] = None
        shown = nearest if commissioner or hub or commissioning_area else None
        used = [*chain, pcn, shown, hub, sub_icb, *bases.values(), area, region]
        steps = [s for s in used if s]
        decided = bool(left and nearest and nearest.is_ambiguous)  # an ICB, and no sub-ICB location
        row |= {
            "is_ambiguous": decided or any(s.is_ambiguous for s in steps),
            "via": [s.as_via for s in steps],
        }
        asked = [source for source in sources if source]
        return row | self.reasons(row, ends, asked, under_hub=bool(hub), under_icb=under_icb)

    def reasons(
        self, row: Row, ends: date | None, asked: Sequence[str], *, under_hub: bool, under_icb: bool
    ) -> Row:
        """Why a row has no sub-ICB location, ICB or region; None where it has.

        `asked` are the organisations whose region the row would have.
        """
        code, icb, kind = row["ods_code"], row["icb_code"], row["kind"]
        outside = kind in ABROAD or (row["country"] or "ENGLAND") not in ENGLAND
        levels = ("commissioner", "commissioning_icb", "partner_icb", "geography_icb")
        icb_nowhere = not icb and self.points_nowhere(code, levels, ends)
        region_nowhere = icb_nowhere or any(
            self.points_nowhere(source, ("region",), ends) for source in asked
        )
        life_end = self.life(code)[1]
        why = (
            "commissioned_by_hub"
            if under_hub
            else "outside_england"
            if outside
            else "before_areas"
            if (ends and ends <= ICBS_BEGIN) or (life_end and life_end < ICBS_BEGIN)
            else "target_unknown"
            if icb_nowhere
            else "parent_has_none"
            if row["sub_icb_code"]
            else "commissioned_by_other"
            if row["commissioner_code"]
            else "head_office"
            if kind in HEAD_OFFICES
            else "none_stated"
        )
        sub_icb = "commissioned_by_icb" if under_icb else why
        region = "target_unknown" if region_nowhere else "none_stated" if icb or row["area_code"] else why
        return {
            "sub_icb_reason": None if row["sub_icb_code"] else sub_icb,
            "icb_reason": None if icb else why,
            "region_reason": None if row["region_code"] else region,
        }

    def postcode_icb(self, code: str) -> str | None:
        """The ICB of the postcode: of open organisations that take part, from the day of the edition on."""
        built = self.on(self.built)
        organisation = self.organisations[code]
        place = self.postcodes.get((organisation["postcode"] or "").replace(" ", "").upper())
        rules = [rule for rule in self.rules if rule["level"] == "postcode_icb"]
        outside = built.kind(code) in ABROAD or (organisation["country"] or "ENGLAND") not in ENGLAND
        if not place or place["icb_code"] in (code, None) or place["icb_code"] not in self.organisations:
            return None
        if outside or built.openness(code) not in ("open", "closing"):
            return None
        first, last = self.life(place["icb_code"])
        in_time = max(first, place["edition_day"]) <= self.today and (last is None or self.today <= last)
        fits = any(built.fits(rule["child_role"], code) for rule in rules)
        return place["icb_code"] if in_time and fits else None

    def points_nowhere(self, code: str, levels: Sequence[str], ends: date | None) -> bool:
        """Whether a link to a code that is not held begins before `ends` and has not ended today."""
        for edge in self.edges.get(code, []):
            start = edge["operational_start"] or edge["legal_start"]
            if edge["target_ods_code"] in self.organisations or not start:
                continue
            day = max(start, self.today)
            if (ends is None or day < ends) and any(
                self.on(day).step(code, level, held=False) for level in levels
            ):
                return True
        return False

    def current_row(self, code: str, ends: date | None) -> Row:
        """A row of `provider_hierarchy_current` without its dates."""
        row = self.hierarchy_row(code, ends)
        del row["via"]
        row |= {"name": self.name(code), "openness": self.openness(code), "as_of": self.today}
        row["postcode"] = self.organisations[code]["postcode"]
        for level in ("operator", "provider", "pcn", "commissioner", "sub_icb", "icb", "area", "region"):
            parent = row[f"{level}_code"]
            row |= {f"{level}_name": self.name(parent), f"{level}_openness": self.openness(parent)}
        return row

    def current(self, ends: Mapping[str, date | None]) -> pl.DataFrame:
        """`marts.provider_hierarchy_current` without its dates; `ends` has the end of each row of today."""
        schema = {c: t for c, t in TABLES["provider_hierarchy_current"].dtypes.items() if "valid" not in c}
        result = [
            self.current_row(code, ends.get(code)) for code in sorted(self.organisations) if self.lives(code)
        ]
        return pl.DataFrame(result, schema=schema, orient="row")

    def days(self) -> Sequence[date]:
        """Every day on which anything in the register begins, or no longer holds."""
        parts = [part for group in (self.edges, self.roles) for result in group.values() for part in result]
        things = [*self.organisations.values(), *parts]
        first = {t["operational_start"] or t["legal_start"] for t in things}
        stamps = {code: organisation["last_change_date"] for code, organisation in self.organisations.items()}
        last = {last_day(t, stamps[t["ods_code"]], self.built) for t in things}
        return sorted({*(first - {None}), *(d + timedelta(days=1) for d in last if d)})
