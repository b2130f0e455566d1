"""A slow oracle of history: what the register held of a code on each day, one code and one capture at a time.

Lives here: the rules of the fold as plain loops. Nothing is shared with the package. For every day, the
oracle looks at all captures up to that day; the package looks at neighbouring rows once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

Rank = tuple[date, bool, int]
Content = tuple[str, int, bool]


@dataclass(frozen=True)
class Seen:
    """What a capture shows of a code.

    ``owner`` stands for start and role: two organisations can have one code, one after the other.
    """

    content: str
    stub: bool = False
    fax: str | None = None
    xml: bool = True
    stamp: int = 1
    archived: bool = False
    owner: int = 0

    @property
    def shows_fax(self) -> bool:
        return self.xml or self.fax is not None

    @property
    def compared(self) -> Content:
        """What is compared: everything but fax and stamp."""
        return (self.content, self.owner, self.stub)


@dataclass(frozen=True)
class Capture:
    """One release or delta. ``time`` orders those of one day; ``notices`` are (code, day of deletion)."""

    day: date
    is_delta: bool
    time: int = 0
    seen: dict[str, Seen] = field(default_factory=dict)
    notices: frozenset[tuple[str, date]] = frozenset()
    gone: frozenset[str] = frozenset()
    quarantined: frozenset[str] = frozenset()
    codeless: bool = False  # a record without a code was set aside

    @property
    def rank(self) -> Rank:
        return (self.day, self.is_delta, self.time)

    @property
    def label(self) -> str:
        return f"{'fetch' if self.is_delta else 'release'}={self.day}T{self.time}"

    def file_of(self, code: str) -> str:
        """Return the id of the capture that shows a code: a release has two files."""
        archived = code in self.seen and self.seen[code].archived
        return self.label if self.is_delta else f"{self.label}/{'archive' if archived else 'full'}"

    def has(self, code: str) -> bool:
        return code in self.seen or code in self.quarantined


def sane(capture: Capture) -> Capture:
    """Return a capture that can occur.

    A fetch has a record, a 404 or an unreadable answer for a code, and only one of them. Releases are XML.
    """
    quarantined = capture.quarantined - capture.gone
    seen = {
        code: s if capture.is_delta else replace(s, xml=True)
        for code, s in capture.seen.items()
        if code not in capture.gone | quarantined
    }
    return replace(capture, seen=seen, quarantined=quarantined)


@dataclass(frozen=True)
class Version:
    """One row of ``history.organisations``."""

    content: Content
    fax: str | None
    known_from: date
    known_to: date | None
    gone_by: str | None
    capture: str
    last_capture: str
    stamped_on: int
    last_stamp: int
    is_unstamped: bool = False


@dataclass(frozen=True)
class State:
    """What the register holds of a code after a capture. ``source`` is the capture that shows the content."""

    source: Capture
    seen: Seen
    shown_by: Capture
    fax: str | None
    fax_known: bool

    def differs_from(self, other: "State") -> bool:
        both = self.fax_known and other.fax_known
        return self.seen.compared != other.seen.compared or (both and self.fax != other.fax)


def codes_of(captures: Iterable[Capture]) -> set[str]:
    """Return every code that any capture mentions."""
    return {code for c in captures for code in (*c.seen, *c.quarantined, *c.gone, *(n[0] for n in c.notices))}


def versions(captures: Sequence[Capture], code: str) -> list[Version]:
    """Return the versions of a code, computed day by day."""
    ordered = sorted(captures, key=lambda c: c.rank)
    days = [c.day for c in ordered] + [day for c in ordered for noted, day in c.notices if noted == code]
    result: list[Version] = []
    before: State | None = None  # what held at the end of the day before
    for day in _days(min(days), max(days)):
        during = _state(ordered, code, day)
        shown_today = any(c.day == day and c.has(code) for c in ordered)
        ending = _ending(ordered, code, day)
        if during and (ending is None or shown_today):
            if before is None or during.differs_from(before):
                if result and result[-1].known_to is None:
                    result[-1] = replace(result[-1], known_to=day)
                result.append(_begun(during, day, code, before))
            else:
                fax = during.fax if during.fax_known else result[-1].fax
                source = during.source.file_of(code)
                result[-1] = replace(result[-1], fax=fax, last_capture=source, last_stamp=during.seen.stamp)
        if result and result[-1].known_to is None and ending:
            result[-1] = replace(result[-1], known_to=day, gone_by=ending)
        before = None if ending else during
    return result


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(n) for n in range((last - first).days + 1)]


def _begun(state: State, day: date, code: str, before: State | None) -> Version:
    seen, source = state.seen, state.source
    shown_by = source if source.day == day else state.shown_by
    stubs = seen.stub or (before is not None and before.seen.stub)
    return Version(
        content=seen.compared,
        fax=state.fax,
        known_from=day,
        known_to=None,
        gone_by=None,
        capture=shown_by.file_of(code),
        last_capture=source.file_of(code),
        stamped_on=seen.stamp,
        last_stamp=seen.stamp,
        is_unstamped=before is not None and not stubs and before.seen.stamp == seen.stamp,
    )


def _state(ordered: list[Capture], code: str, day: date) -> State | None:
    """Return the content that the captures up to a day show, whether or not the code was gone by then."""
    having = [c for c in ordered if c.day <= day and c.has(code)]
    sightings = [c for c in having if code in c.seen]
    complete = [c for c in sightings if not c.seen[code].stub]
    if not sightings:
        return None
    source = complete[-1] if complete else sightings[-1]
    seen = source.seen[code]
    showing = [c for c in complete if c.seen[code].shows_fax]
    if seen.shows_fax:
        return State(source, seen, having[-1], seen.fax, True)
    if seen.stub or not showing:
        return State(source, seen, having[-1], None, False)
    last = showing[-1].seen[code]
    if last.content != seen.content and last.owner != seen.owner:
        return State(source, seen, having[-1], None, False)
    return State(source, seen, having[-1], last.fax, True)


def _ending(ordered: list[Capture], code: str, day: date) -> str | None:
    """Return why a code is gone at the end of a day, or None if it is not.

    It is ``notice`` or ``absent``, whichever came first.
    """
    ranks = [c.rank for c in ordered if c.has(code) and c.day <= day]
    if not ranks:
        return None
    later = [c.rank for c in ordered if c.has(code) and c.day > day]
    endings = [(noted, "notice") for noted in _notices_after(ordered, code, ranks[-1]) if noted <= day]
    lacking = [
        c
        for c in ordered
        if not c.is_delta and c.seen and c.rank > ranks[-1] and (not later or c.rank < later[0])
    ]
    if any(not c.codeless for c in lacking) and lacking[0].day <= day:
        endings.append((lacking[0].day, "was absent"))
    return min(endings)[1].removeprefix("was ") if endings else None


def _notices_after(ordered: list[Capture], code: str, last: Rank) -> list[date]:
    """Return the days of notices that count although a capture of rank ``last`` has the code."""
    noticed: dict[date, Rank] = {}
    today = max(capture.day for capture in ordered)
    for capture in ordered:
        for noted, day in capture.notices:
            if noted == code and day <= today:
                noticed.setdefault(day, capture.rank)
    return [day for day, rank in noticed.items() if day > last[0] or (day == last[0] and rank > last)]


def deletion(captures: Sequence[Capture], code: str) -> tuple[date, str, str] | None:
    """Return day, source and state of a code's row of ``deletions``."""
    ordered = sorted(captures, key=lambda c: c.rank)
    ranks = [c.rank for c in ordered if c.has(code)]
    last = ranks[-1] if ranks else (date.min, False, 0)
    notices = _notices_after(ordered, code, last)
    if notices:
        return max(notices), "ord_notifications", "confirmed"
    if any(code in c.seen for c in ordered):
        missing = [c for c in ordered if not c.is_delta and c.seen and c.rank > last]  # empty: no proof
        if missing:
            state = "unconfirmed" if all(c.codeless for c in missing) else "confirmed"
            return missing[0].day, "absent_from_release", state
    requests = [c.day for c in ordered if code in c.gone and c.rank > last]
    return (max(requests), "gone_from_api", "unconfirmed") if requests else None
