"""History, read slowly: what the register said of a code on each day, one code and one capture at a time.

What lives here: the rules of `docs` and of the contract as plain loops. Nothing is shared with the package:
it asks of every day anew what had been said by then, where the package looks at neighbouring rows once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

Rank = tuple[date, bool, int]
Words = tuple[str, int, bool]


@dataclass(frozen=True)
class Seen:
    """What a capture said of a code. `body` is its start and role: two bodies may have one code, one after
    the other."""

    content: str
    stub: bool = False
    fax: str | None = None
    xml: bool = True
    stamp: int = 1
    archived: bool = False
    body: int = 0

    @property
    def says_fax(self) -> bool:
        return self.xml or self.fax is not None

    @property
    def words(self) -> Words:
        """What is compared: all but fax and stamp."""
        return (self.content, self.body, self.stub)


@dataclass(frozen=True)
class Capture:
    """One release or delta; `time` orders those of a day. `notices` are (code, day of deletion)."""

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
        """The capture that a code was seen in: a release has two files."""
        archived = code in self.seen and self.seen[code].archived
        return self.label if self.is_delta else f"{self.label}/{'archive' if archived else 'full'}"

    def has(self, code: str) -> bool:
        return code in self.seen or code in self.quarantined


def sane(capture: Capture) -> Capture:
    """A fetch gets a record, a 404 or something unreadable for a code, and only one of them; releases are
    XML."""
    quarantined = capture.quarantined - capture.gone
    seen = {
        code: s if capture.is_delta else replace(s, xml=True)
        for code, s in capture.seen.items()
        if code not in capture.gone | quarantined
    }
    return replace(capture, seen=seen, quarantined=quarantined)


@dataclass(frozen=True)
class Version:
    """One row of `history.organisations`."""

    words: Words
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
    """What the register says of a code after a capture: `source` is the capture that shows the content."""

    source: Capture
    seen: Seen
    shown_by: Capture
    fax: str | None
    fax_known: bool

    def differs_from(self, other: "State") -> bool:
        both = self.fax_known and other.fax_known
        return self.seen.words != other.seen.words or (both and self.fax != other.fax)


def codes_of(captures: Iterable[Capture]) -> set[str]:
    """Every code that any capture mentions."""
    return {code for c in captures for code in (*c.seen, *c.quarantined, *c.gone, *(n[0] for n in c.notices))}


def versions(captures: Sequence[Capture], code: str) -> list[Version]:
    """The versions of a code, day by day."""
    ordered = sorted(captures, key=lambda c: c.rank)
    days = [c.day for c in ordered] + [day for c in ordered for noted, day in c.notices if noted == code]
    found: list[Version] = []
    before: State | None = None  # what held at the end of the day before
    for day in _days(min(days), max(days)):
        during = _state(ordered, code, day)
        shown_today = any(c.day == day and c.has(code) for c in ordered)
        ending = _ending(ordered, code, day)
        if during and (ending is None or shown_today):
            if before is None or during.differs_from(before):
                if found and found[-1].known_to is None:
                    found[-1] = replace(found[-1], known_to=day)
                found.append(_begun(during, day, code, before))
            else:
                fax = during.fax if during.fax_known else found[-1].fax
                source = during.source.file_of(code)
                found[-1] = replace(found[-1], fax=fax, last_capture=source, last_stamp=during.seen.stamp)
        if found and found[-1].known_to is None and ending:
            found[-1] = replace(found[-1], known_to=day, gone_by=ending)
        before = None if ending else during
    return found


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(n) for n in range((last - first).days + 1)]


def _begun(state: State, day: date, code: str, before: State | None) -> Version:
    seen, source = state.seen, state.source
    shown_by = source if source.day == day else state.shown_by
    stubs = seen.stub or (before is not None and before.seen.stub)
    return Version(
        words=seen.words,
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
    """The content that the captures up to a day show, whether or not the code was gone by then."""
    there = [c for c in ordered if c.day <= day and c.has(code)]
    sightings = [c for c in there if code in c.seen]
    complete = [c for c in sightings if not c.seen[code].stub]
    if not sightings:
        return None
    source = complete[-1] if complete else sightings[-1]
    seen = source.seen[code]
    says = [c for c in complete if c.seen[code].says_fax]
    if seen.says_fax:
        return State(source, seen, there[-1], seen.fax, True)
    if seen.stub or not says:
        return State(source, seen, there[-1], None, False)
    said = says[-1].seen[code]
    if said.content != seen.content and said.body != seen.body:
        return State(source, seen, there[-1], None, False)
    return State(source, seen, there[-1], said.fax, True)


def _ending(ordered: list[Capture], code: str, day: date) -> str | None:
    """Why a code is gone at the end of a day: `notice` or `absent`, whichever came first; None if it is
    not."""
    there = [c.rank for c in ordered if c.has(code) and c.day <= day]
    if not there:
        return None
    later = [c.rank for c in ordered if c.has(code) and c.day > day]
    endings = [(noted, "notice") for noted in _notices_after(ordered, code, there[-1]) if noted <= day]
    lacking = [
        c
        for c in ordered
        if not c.is_delta and c.seen and c.rank > there[-1] and (not later or c.rank < later[0])
    ]
    if any(not c.codeless for c in lacking) and lacking[0].day <= day:
        endings.append((lacking[0].day, "was absent"))
    return min(endings)[1].removeprefix("was ") if endings else None


def _notices_after(ordered: list[Capture], code: str, last: Rank) -> list[date]:
    """Days of notices that speak after a capture of rank `last` has had the code."""
    told: dict[date, Rank] = {}
    for capture in ordered:
        for noted, day in capture.notices:
            if noted == code:
                told.setdefault(day, capture.rank)
    return [day for day, rank in told.items() if day > last[0] or (day == last[0] and rank > last)]


def deletion(captures: Sequence[Capture], code: str) -> tuple[date, str, str] | None:
    """The row of `deletions`: day, source and state."""
    ordered = sorted(captures, key=lambda c: c.rank)
    there = [c.rank for c in ordered if c.has(code)]
    last = there[-1] if there else (date.min, False, 0)
    notices = _notices_after(ordered, code, last)
    if notices:
        return max(notices), "ord_notifications", "confirmed"
    if any(code in c.seen for c in ordered):
        missing = [c for c in ordered if not c.is_delta and c.seen and c.rank > last]  # empty: no proof
        if missing:
            state = "unconfirmed" if all(c.codeless for c in missing) else "confirmed"
            return missing[0].day, "absent_from_release", state
    asked = [c.day for c in ordered if code in c.gone and c.rank > last]
    return (max(asked), "gone_from_api", "unconfirmed") if asked else None
