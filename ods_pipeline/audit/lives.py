"""The life of each code, told capture by capture in the order that counts: a dict, and plain rules.

Of each code the newest complete record counts; a stub only where no complete record came before it; a record
set aside says that the code is there and not what it is. A code is gone by a notice, or from the day of the
first release without it, if one that proves absence comes before it is seen again.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ods_pipeline.audit.captures import Told, Used
from ods_pipeline.audit.records import NAME, ROLE_ID, Record, Row, Text, is_another_organisation

Fax = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of deletion, or a 404. ``place``: what the capture ``seq`` saw stands at ``2 * seq``."""

    code: str
    role: Text
    day: str
    reason_code: Text
    reason: Text
    source: str
    capture_id: str
    seq: int
    place: int


@dataclass(slots=True)
class Version:
    """A run of equal content. ``known_to`` is null while it stands; ``last_seq`` is the newest capture that
    showed it."""

    record: Record
    known_from: str
    capture_id: str
    stamped_on: Text
    stay: int
    is_unstamped: bool
    known_to: Text = None
    gone_by: Text = None
    stamp: Text = None
    kind: str = ""
    last_capture_id: str = ""
    last_seq: int = 0
    fax: Fax = None


@dataclass(slots=True)
class _Said:
    """What counts of a code: the record and where it was read, and the fax numbers if they can be known."""

    record: Record
    stamp: Text
    kind: str
    capture_id: str
    seq: int
    day: str
    fax_known: bool
    fax: Fax


@dataclass(slots=True)
class Life:
    """What is known of a code so far. ``seq`` and ``day``: the newest capture that had it."""

    seq: int = -1
    day: str = ""
    name: Text = None
    role: Text = None
    has_complete: bool = False
    said: _Said | None = None
    seen_in: str = ""
    fax_at: tuple[Fax, tuple[Text, Text, Text]] | None = None
    stay: int = 0
    last: tuple[int, bool, Fax] | None = None
    versions: list[Version] = field(default_factory=list)


class Lives:
    """The lives of all codes. ``days`` are the as-of dates of the captures, in order."""

    def __init__(self, days: Sequence[str], notices: Iterable[Notice]) -> None:
        self.days = days
        self.lives: dict[str, Life] = {}
        self.releases: list[int] = []
        self.proving: list[int] = []
        self.notices = list(notices)
        self._told: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for notice in self.notices:
            if notice.source == "ord_notifications":
                self._told[notice.code].append((notice.place, notice.day))
        for told in self._told.values():
            told.sort()

    def add(self, seq: int, told: Told, is_delta: bool) -> None:
        """Takes the next capture."""
        if not is_delta and told.used:
            self.releases.append(seq)
            if all(aside.code is not None for aside in told.aside):
                self.proving.append(seq)
        for code, used in told.used.items():
            where = told.label if is_delta else f"{told.label}/{used.kind}"
            self._see(code, seq, where, used)
        for aside in told.aside:
            if aside.code is not None:
                self._see(aside.code, seq, aside.capture_id, None)

    def finish(self) -> None:
        """Ends the telling: what came after the newest capture that had a code."""
        for code, life in self.lives.items():
            _commit(life, self._gone(code, life.seq, None))

    def absent_since(self, seq: int) -> tuple[Text, bool]:
        """The day of the first release after a capture, and whether any release after it proves absence."""
        at = bisect_right(self.releases, seq)
        day = self.days[self.releases[at]] if at < len(self.releases) else None
        return day, bisect_right(self.proving, seq) < len(self.proving)

    def _see(self, code: str, seq: int, where: str, used: Used | None) -> None:
        day = self.days[seq]
        life = self.lives.get(code)
        if life is None:
            life = self.lives[code] = Life()
        else:
            gone = self._gone(code, life.seq, seq)
            if life.day != day:
                _commit(life, gone)
            if gone:
                life.stay += 1
        life.seq, life.day = seq, day
        if used is not None:
            _hear(life, used, where)
        own_day = life.said is not None and life.said.day == day
        life.seen_in = life.said.capture_id if own_day and life.said else where

    def _gone(self, code: str, seq: int, until: int | None) -> tuple[str, str] | None:
        """Day and kind of the gap between two captures that had the code, or after the last."""
        days: list[tuple[str, str]] = []
        at = bisect_right(self.proving, seq)
        if at < len(self.proving) and (until is None or self.proving[at] < until):
            first = self.releases[bisect_right(self.releases, seq)]
            days.append((self.days[first], "z absent"))
        told = self._told.get(code)
        if told is not None:
            end = 2 * (len(self.days) if until is None else until)
            after = [notice for notice in told if 2 * seq < notice[0] < end]
            days.extend((day, "notice") for _, day in after[:1])
        if not days:
            return None
        day, kind = min(days)  # on one day a notice says more
        return None if until is not None and day >= self.days[until] else (day, kind.removeprefix("z "))


def _hear(life: Life, used: Used, where: str) -> None:
    record, said = used.record, life.said
    life.name, life.role = record.own[NAME], record.own[ROLE_ID]
    fax, complete = record.fax, not record.ref_only
    if complete:
        life.has_complete = True
        if used.is_xml or fax:
            life.fax_at = (fax, record.body)
    elif life.has_complete:
        return
    if complete:
        # The API leaves fax numbers out: the last known of the same body hold.
        known = life.fax_at is not None and not is_another_organisation(record.body, life.fax_at[1])
        fax = life.fax_at[0] if life.fax_at is not None and known else None
    else:
        known = used.is_xml or fax is not None
    # The same content need not be held twice.
    held = said.record if said is not None and said.record.content == record.content else record
    life.said = _Said(held, record.stamp, used.kind, where, life.seq, life.day, known, fax)


def _commit(life: Life, gone: tuple[str, str] | None) -> None:
    """Ends a day on which the code was seen: a new version, or one more day of the last."""
    said = life.said
    if said is None:
        return
    record, last = said.record, life.last
    version = life.versions[-1] if life.versions else None
    if (
        version is None
        or last is None
        or last[0] != life.stay
        or version.record.content != record.content
        or (said.fax_known and last[1] and said.fax != last[2])
    ):
        before = version
        version = Version(record, life.day, life.seen_in, said.stamp, life.stay, False)
        if before is not None:
            version.is_unstamped = (
                before.stay == life.stay
                and said.stamp is not None
                and said.stamp == before.stamp
                and not (record.ref_only or before.record.ref_only)
            )
            before.known_to = before.known_to or life.day
        life.versions.append(version)
    version.stamp, version.kind = said.stamp, said.kind
    version.last_capture_id, version.last_seq = said.capture_id, said.seq
    if said.fax_known:
        version.fax = said.fax
    if gone:
        version.known_to, version.gone_by = gone
    life.last = (life.stay, said.fax_known, said.fax)


def placed(days: Sequence[str], told: Sequence[tuple[str, list[Row]]]) -> list[Notice]:
    """The notices of all captures (their labels, and the rows of ``notices_of``), each once: of a notice the
    first fetch that brought it, of a 404 the last of the day; with its place in the order of captures."""
    kept: dict[Row, Notice] = {}
    for seq, (label, rows) in enumerate(told):
        seen = set()
        for row in sorted(rows, key=lambda r: [(x is None, x or "") for x in (r[1], r[4])]):
            code, role, day, reason_code, reason, source = (x or "" for x in row)
            key = (code, day, source)
            if key in seen or (key in kept and source == "ord_notifications"):
                continue
            seen.add(key)
            # Not before what is of earlier days, nor after what is of later days.
            before, upto = sum(d < day for d in days), sum(d <= day for d in days)
            place = 2 * min(max(seq, before), upto) - 1
            kept[key] = Notice(
                code, role or None, day, reason_code or None, reason or None, source, label, seq, place
            )
    return list(kept.values())
