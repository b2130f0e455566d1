"""The fold, read slowly: who speaks for a code and which codes are gone, one code and one capture at a time.

What lives here: the rules of `docs` and of the contract as plain loops. Nothing is shared with `fold.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Seen:
    """What a capture said of a code."""

    content: str
    stub: bool = False


@dataclass(frozen=True)
class Capture:
    """One release or delta; `time` orders the deltas of a day. `notices` are (code, day of deletion)."""

    day: date
    is_delta: bool
    time: int = 0
    seen: dict[str, Seen] = field(default_factory=dict)
    notices: frozenset[tuple[str, date]] = frozenset()
    gone: frozenset[str] = frozenset()
    quarantined: frozenset[str] = frozenset()
    codeless: bool = False  # a record without a code was set aside

    @property
    def rank(self) -> tuple[date, bool, int]:
        return (self.day, self.is_delta, self.time)


@dataclass(frozen=True)
class Verdict:
    """What the register must say of a code: a content since a day, a deletion, or (unconfirmed) both."""

    content: str | None = None
    known_from: date | None = None
    deleted_on: date | None = None
    source: str | None = None
    state: str | None = None


def codes_of(captures: Iterable[Capture]) -> set[str]:
    """Every code that any capture mentions."""
    return {code for c in captures for code in (*c.seen, *c.gone, *(n[0] for n in c.notices))}


def verdict(captures: Sequence[Capture], code: str) -> Verdict:
    """The rules, one after another."""
    ordered = sorted(captures, key=lambda c: c.rank)
    sightings = [c for c in ordered if code in c.seen]
    deletion = _deletion(ordered, sightings, code)
    if not sightings or deletion[2] == "confirmed":
        return Verdict(None, None, *deletion)
    complete = [c for c in sightings if not c.seen[code].stub]
    speaking = complete or sightings
    content, since = speaking[-1].seen[code].content, speaking[-1].day
    for capture in reversed(speaking):
        if capture.seen[code].content != content:
            break
        since = capture.day
    return Verdict(content, since, *deletion)


def _deletion(
    ordered: list[Capture], sightings: list[Capture], code: str
) -> tuple[date | None, str | None, str | None]:
    last = sightings[-1] if sightings else None
    told: dict[date, Capture] = {}
    for capture in ordered:
        for day in (day for noted, day in capture.notices if noted == code):
            told.setdefault(day, capture)
    holding = [
        day
        for day, capture in told.items()
        if last is None or last.day < day or (last.day == day and last.rank < capture.rank)
    ]
    if holding:
        return max(holding), "ord_notifications", "confirmed"
    if last is not None:
        there = max(c.rank for c in ordered if code in c.seen or code in c.quarantined)
        missing = [c for c in ordered if not c.is_delta and c.seen and c.rank > there]  # empty: no proof
        if missing:
            state = "unconfirmed" if all(c.codeless for c in missing) else "confirmed"
            return missing[0].day, "absent_from_release", state
    asked = [c.day for c in ordered if code in c.gone and (last is None or last.rank < c.rank)]
    return (max(asked), "gone_from_api", "unconfirmed") if asked else (None, None, None)
