"""A slow oracle of the events of roles, successions and links: see ``oracles/changes.py``."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ods_pipeline_tests.oracles.steps import FOUR_DATES, Event, Row, Step

DAY = timedelta(days=1)
KINDS_OF_PARENT = ("pcn", "commissioner", "operator", "icb")


def _end(row: Row) -> date | None:
    """The last day on which a row holds. Law alone ends nothing that is in operation."""
    return row["legal_end"] if row["operational_start"] is None else row["operational_end"]


def _stated_end(row: Row) -> date | None:
    return row["operational_end"] or row["legal_end"]


def _start(row: Row) -> date | None:
    return row["operational_start"] or row["legal_start"]


def _follows(step: Step, old: Row, new: Row) -> bool:
    """Whether the row's dates changed only as its organisation's dates did."""
    own_ends = {step.after["operational_end"], step.after["legal_end"]} - {None}
    own_ends_before = {step.before["operational_end"], step.before["legal_end"]} - {None}
    verdicts = []
    for end_by in (_end, _stated_end):
        was, now = end_by(old), end_by(new)
        if was != now:
            verdicts.append(
                now in own_ends or (was in own_ends_before and now == step.after["operational_end"])
            )
    if _start(old) != _start(new):
        sides = ((old, step.before), (new, step.after))
        verdicts.append(all(_start(row) == own["operational_start"] for row, own in sides))
    return bool(verdicts) and all(verdicts)


def _listed(old: Row, new: Row, columns: list[str]) -> dict[str, str]:
    shown = {"field": ", ".join(columns)}
    for side, row in (("old", old), ("new", new)):
        shown[side] = ", ".join("none" if row[c] is None else str(row[c]) for c in columns)
    return shown


def _other_differences(old: Row, new: Row, columns: tuple[str, ...]) -> list[str]:
    """Return the columns that differ; for a row that ends, without those that hold this end."""
    end = None if _end(old) else _end(new)
    reported = {c for c in ("operational_end", "legal_end") if end and new[c] == end}
    return [c for c in columns if old[c] != new[c] and c not in reported]


def _stopped(step: Step, old: Row, new: Row) -> bool:
    """Whether a row that was Active is Inactive without an end, and none of its days is the reason."""
    turned = (old["status"], new["status"]) == ("Active", "Inactive") and not step.differs("status")
    starts = [d for d in (new["operational_start"], new["legal_start"]) if d]
    announced = any(d > step.stamp for d in starts)
    operates = new["operational_start"] and new["legal_end"] and new["legal_end"] < step.day
    return turned and _end(old) is None and _end(new) is None and not announced and not operates


def roles(step: Step) -> Iterator[Event]:
    before = {r["unique_role_id"]: r for r in step.before["parts"]["roles"]}
    after = {r["unique_role_id"]: r for r in step.after["parts"]["roles"]}
    had = {r["role_id"] for r in before.values()}
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        known = new or old
        assert known is not None
        if known["is_primary"] and step.differs("primary_role_id"):
            continue
        this = {"what": known["role_id"], "unique_id": key}
        if old is None:
            assert new is not None
            if not (step.reopens() and new["role_id"] in had):
                yield step.event("role_added", _start(new), new=new["role_id"], **this)
        elif new is None:
            over = _end(old) is not None and _end(old) < step.day
            kind = "record_changed" if over else "role_ended"
            yield step.event(kind, field="removed", old=old["role_id"], **this)
        else:
            follows = _follows(step, old, new)
            end = _end(new)
            if end and not _end(old) and not follows:
                yield step.event("role_ended", end + DAY, old=new["role_id"], **this)
            elif _stopped(step, old, new):
                yield step.event("role_ended", old=new["role_id"], **this)
            others = _other_differences(old, new, FOUR_DATES)
            if others and not follows:
                yield step.event("dates_corrected", **_listed(old, new, others), **this)


def successions(step: Step) -> Iterator[Event]:
    sides = []
    for parts in (step.before["parts"], step.after["parts"]):
        days: dict[tuple[str, str], list[date]] = {}
        for row in parts["successions"]:
            days.setdefault((row["succession_type"], row["target_ods_code"]), []).append(row["legal_start"])
        sides.append({key: sorted(starts) for key, starts in days.items()})
    kinds = {"Successor": "successor_recorded", "Predecessor": "predecessor_recorded"}
    for key in sorted({*sides[0], *sides[1]}):
        old, new = sides[0].get(key), sides[1].get(key)
        side, target = key
        if not old and new:
            yield step.event(kinds[side], new[0], related=target)
        elif old and not new:
            yield step.event("succession_removed", field=side, old=target, related=target)
        elif old and new and old != new:
            shown = {"old": ", ".join(map(str, old)), "new": ", ".join(map(str, new))}
            yield step.event("dates_corrected", field=side, related=target, **shown)


# --- relationships ------------------------------------------------------------------------------------------


@dataclass
class Link:
    """One side of a link: its target, and the day on which it begins or no longer holds."""

    row: Row
    kind: str | None
    effective: date
    in_a_move: bool = False
    removed: bool = False
    past: bool = False

    @property
    def target(self) -> str:
        return self.row["target_ods_code"]


def _kind_of_parent(row: Row, role: str) -> str | None:
    rel, target = row["rel_id"], row["target_primary_role_id"]
    if rel == "RE8" and target == "RO272" and role == "RO177":
        return "pcn"
    if rel in ("RE4", "RE6"):
        return "commissioner" if rel == "RE4" else "operator"
    return "icb" if target == "RO261" else None


def links(step: Step) -> Iterator[Event]:  # noqa: PLR0912  (one rule after another)
    before = {r["unique_rel_id"]: r for r in step.before["parts"]["relationships"]}
    after = {r["unique_rel_id"]: r for r in step.after["parts"]["relationships"]}
    had = {(r["rel_id"], r["target_ods_code"]) for r in before.values()}
    begun: list[Link] = []
    ended: list[Link] = []
    unchanged: list[Row] = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        old_kind = _kind_of_parent(old, step.before["primary_role_id"]) if old else None
        new_kind = _kind_of_parent(new, step.after["primary_role_id"]) if new else None
        this = {"what": (new or old or {})["rel_id"], "unique_id": key}
        if old is None:
            assert new is not None
            if not (step.reopens() and (new["rel_id"], new["target_ods_code"]) in had):
                end = _end(new)
                past = end is not None and end < step.day
                begun.append(Link(new, new_kind, _start(new) or step.stamp, past=past))
        elif new is None:
            end = _end(old)
            if end and end < step.day:
                target = old["target_ods_code"]
                yield step.event("relationship_changed", field="removed", old=target, related=target, **this)
            else:
                ended.append(Link(old, old_kind, step.stamp, removed=True))
        elif old == new:
            unchanged.append(new)
        elif old["target_ods_code"] != new["target_ods_code"] and old_kind == new_kind is not None:
            ended.append(Link(old, old_kind, step.stamp))
            begun.append(Link(new, new_kind, step.stamp))
        else:
            follows = _follows(step, old, new)
            end = _end(new)
            if end and not _end(old) and not follows:
                ended.append(Link(old, old_kind, end + DAY))
            elif _stopped(step, old, new):
                ended.append(Link(old, old_kind, step.stamp))
            others = _other_differences(old, new, ("rel_id", "target_ods_code", *FOUR_DATES))
            if others and not (follows and set(others) <= set(FOUR_DATES)):
                shown = _listed(old, new, others)
                yield step.event("relationship_changed", related=new["target_ods_code"], **shown, **this)
    yield from _moves(step, begun, ended, unchanged)
    for link in (b for b in begun if not b.in_a_move):
        row = {"what": link.row["rel_id"], "unique_id": link.row["unique_rel_id"], "related": link.target}
        yield step.event("relationship_added", link.effective, field=link.kind, new=link.target, **row)
    for link in (e for e in ended if not e.in_a_move):
        row = {"what": link.row["rel_id"], "unique_id": link.row["unique_rel_id"], "related": link.target}
        field = "removed" if link.removed else link.kind
        yield step.event("relationship_ended", link.effective, field=field, old=link.target, **row)


def _moves(step: Step, begun: list[Link], ended: list[Link], unchanged: list[Row]) -> Iterator[Event]:
    reported: set[tuple[str, str, date]] = set()
    for kind in KINDS_OF_PARENT:
        new = [b for b in begun if b.kind == kind and not b.past]
        old = [e for e in ended if e.kind == kind]
        both = {b.target for b in new} & {e.target for e in old}
        new = _one_a_day([b for b in new if b.target not in both])
        old = _one_a_day([e for e in old if e.target not in both])
        pairs: list[tuple[str, date, Row, date, str]] = []
        for same_day in (True, False):
            for leaving in [*old]:
                joining = [b for b in new if b.effective == leaving.effective or not same_day]
                if joining:
                    left = leaving.target, leaving.effective
                    pairs.append((*left, joining[0].row, joining[0].effective, joining[0].target))
                    old.remove(leaving)
                    new.remove(joining[0])
        others = [r for r in unchanged if _kind_of_parent(r, step.after["primary_role_id"]) == kind]
        others.sort(key=lambda r: (r["target_ods_code"], r["unique_rel_id"]))
        for leaving in old:
            next_one = [r for r in others if _start(r) == leaving.effective][:1]
            for row in (r for r in next_one if r["target_ods_code"] != leaving.target):
                left = leaving.target, leaving.effective
                pairs.append((*left, row, leaving.effective, row["target_ods_code"]))
        for joining in new:
            day = joining.effective
            last_one = [r for r in others if _end(r) and _end(r) + DAY == day][:1]
            for row in (r for r in last_one if r["target_ods_code"] != joining.target):
                pairs.append((row["target_ods_code"], day, joining.row, day, joining.target))
        pairs.sort(key=lambda pair: pair[2]["unique_rel_id"])
        for old_target, left_on, row, effective, new_target in pairs:
            for side, target, day in ((begun, new_target, effective), (ended, old_target, left_on)):
                for each in side:
                    same = (each.kind, each.target, each.effective) == (kind, target, day)
                    each.in_a_move = each.in_a_move or same
            if (old_target, new_target, effective) in reported:
                continue
            reported.add((old_target, new_target, effective))
            details = {"old": old_target, "new": new_target, "related": new_target, "what": row["rel_id"]}
            yield step.event(
                "parent_changed", effective, field=kind, unique_id=row["unique_rel_id"], **details
            )


def _one_a_day(links: list[Link]) -> list[Link]:
    """Return the first link for each target and day, in order of the days."""
    ordered = sorted(links, key=lambda x: (x.row["rel_id"], x.row["unique_rel_id"]))
    firsts = {(link.effective, link.target): link for link in reversed(ordered)}
    return [firsts[key] for key in sorted(firsts)]
