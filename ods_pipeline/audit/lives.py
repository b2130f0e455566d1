"""The life of each code, recomputed capture by capture, in the order in which captures count.

Lives here: a dict of codes and plain rules. The newest complete record of a code counts. A stub counts only
if no complete record came before it. A record set aside shows that the code exists, but not its content. A
code is gone by a notice. It is also gone from the day of the first release without it, if a release that
proves absence comes before the code is seen again. Does not live here: notices and their places
(``notices.py``), and which rows follow (``rows.py``).
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ods_pipeline.audit.captures import CaptureContent, UsedRecord
from ods_pipeline.audit.notices import NOTICES, Notice
from ods_pipeline.audit.records import (
    NAME,
    ROLE_ID,
    Record,
    Text,
    completed_by,
    is_another_organisation,
)

Fax = tuple[str, ...] | None


@dataclass(slots=True)
class Version:
    """A run of equal content of a code.

    The attributes named like columns of ``history.organisations`` mean the same.

    Attributes:
        record: A record of the run that leaves nothing out, or else the first one.
        stay: The stretch without a gap that the version belongs to.
        is_partial: Whether the source of ``record`` leaves things out.
        stamp: LastChangeDate at the newest observation.
        kind: The kind of capture of the newest observation.
        last_seq: The number of the newest capture that showed the version.
        fax: The fax numbers.
    """

    record: Record
    known_from: str
    capture_id: str
    stamped_on: Text
    stay: int
    is_unstamped: bool
    is_partial: bool
    known_to: Text = None
    gone_by: Text = None
    stamp: Text = None
    kind: str = ""
    last_capture_id: str = ""
    last_seq: int = 0
    fax: Fax = None


@dataclass(slots=True)
class _Current:
    """The record of a code that counts, where it was read, and its fax numbers if they can be known."""

    record: Record
    stamp: Text
    kind: str
    capture_id: str
    seq: int
    day: str
    is_partial: bool
    fax_known: bool
    fax: Fax


@dataclass(slots=True)
class Life:
    """What is known of a code so far.

    Attributes:
        seq: The number of the newest capture that had the code; -1 before the first.
        day: The as-of date of that capture.
        name: The newest name.
        role: The newest primary role.
        has_complete: Whether a complete record has been seen.
        current: The record that counts.
        seen_in: The capture that showed the code on ``day``.
        fax_at: The fax numbers last known, and the identity of the record that had them.
        stay: The number of gaps so far: each begins a new stay.
        last: Stay, whether fax numbers were known, fax numbers, and the hash of a record that leaves nothing
            out, if one is known, at the end of the day before.
        versions: The versions so far.
    """

    seq: int = -1
    day: str = ""
    name: Text = None
    role: Text = None
    has_complete: bool = False
    current: _Current | None = None
    seen_in: str = ""
    fax_at: tuple[Fax, tuple[Text, Text, Text]] | None = None
    stay: int = 0
    last: tuple[int, bool, Fax, int | None] | None = None
    versions: list[Version] = field(default_factory=list)


class Lives:
    """The lives of all codes.

    Attributes:
        days: The as-of dates of the captures, in order.
        lives: The lives by code.
        releases: The numbers of the captures that are releases with at least one record used.
        proving: Those of them that prove absence: no record without a code was set aside.
        notices: All notices, each once.
    """

    def __init__(self, days: Sequence[str], notices: Iterable[Notice]) -> None:
        self.days = days
        self.lives: dict[str, Life] = {}
        self.releases: list[int] = []
        self.proving: list[int] = []
        self.notices = list(notices)
        self._deletions: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for notice in self.notices:
            # A notice of a day after the newest capture deletes nothing yet.
            if notice.source in NOTICES and notice.day <= max(days):
                self._deletions[notice.code].append((notice.place, notice.day))
        for deletions in self._deletions.values():
            deletions.sort()

    def add(self, seq: int, content: CaptureContent, is_fetch: bool) -> None:
        """Add the next capture. No fetch proves absence, not even one of the whole register."""
        if not is_fetch and content.used:
            self.releases.append(seq)
            if all(record.code is not None for record in content.set_aside):
                self.proving.append(seq)
        for code, used in content.used.items():
            capture_id = content.label if is_fetch else f"{content.label}/{used.kind}"
            self._see(code, seq, capture_id, used)
        for record in content.set_aside:
            if record.code is not None:
                self._see(record.code, seq, record.capture_id, None)

    def finish(self) -> None:
        """Close every life with what came after the newest capture that had the code."""
        for code, life in self.lives.items():
            _end_day(life, self._gone(code, life.seq, None))
            if any(version.is_partial for version in life.versions):
                _complete(life.versions)

    def absent_since(self, seq: int) -> tuple[Text, bool]:
        """Return the day of the first release after a capture, and whether a later one proves absence."""
        at = bisect_right(self.releases, seq)
        day = self.days[self.releases[at]] if at < len(self.releases) else None
        return day, bisect_right(self.proving, seq) < len(self.proving)

    def _see(self, code: str, seq: int, capture_id: str, used: UsedRecord | None) -> None:
        day = self.days[seq]
        life = self.lives.get(code)
        if life is None:
            life = self.lives[code] = Life()
        else:
            gone = self._gone(code, life.seq, seq)
            if life.day != day:
                _end_day(life, gone)
            if gone:
                life.stay += 1
        life.seq, life.day = seq, day
        if used is not None:
            _take_record(life, used, capture_id)
        own_day = life.current is not None and life.current.day == day
        life.seen_in = life.current.capture_id if own_day and life.current else capture_id

    def _gone(self, code: str, seq: int, until: int | None) -> tuple[str, str] | None:
        """Day and kind of the gap between two captures that had the code, or after the last; None without."""
        days: list[tuple[str, str]] = []
        at = bisect_right(self.proving, seq)
        if at < len(self.proving) and (until is None or self.proving[at] < until):
            first = self.releases[bisect_right(self.releases, seq)]
            days.append((self.days[first], "z absent"))
        deletions = self._deletions.get(code)
        if deletions is not None:
            end = 2 * (len(self.days) if until is None else until)
            after = [notice for notice in deletions if 2 * seq < notice[0] < end]
            days.extend((day, "notice") for _, day in after[:1])
        if not days:
            return None
        day, kind = min(days)  # on the same day a notice is the better evidence
        return None if until is not None and day >= self.days[until] else (day, kind.removeprefix("z "))


def _take_record(life: Life, used: UsedRecord, capture_id: str) -> None:
    record, current = used.record, life.current
    life.name, life.role = record.own[NAME], record.own[ROLE_ID]
    fax, complete = record.fax, not record.ref_only
    if complete:
        life.has_complete = True
        if used.is_xml or fax:
            life.fax_at = (fax, record.identity)
    elif life.has_complete:
        return
    if complete:
        # The API leaves fax numbers out: the last known of the same organisation hold.
        known = life.fax_at is not None and not is_another_organisation(record.identity, life.fax_at[1])
        fax = life.fax_at[0] if life.fax_at is not None and known else None
    else:
        known = used.is_xml or fax is not None
    # The same content need not be in memory twice.
    same = (
        current is not None
        and current.record.content == record.content
        and current.is_partial == used.is_partial
    )
    kept = current.record if current is not None and same else record
    life.current = _Current(
        kept, record.stamp, used.kind, capture_id, life.seq, life.day, used.is_partial, known, fax
    )


def _end_day(life: Life, gone: tuple[str, str] | None) -> None:
    """End a day on which the code was seen: with a new version, or one more day of the last version."""
    current = life.current
    if current is None:
        return
    record, last = current.record, life.last
    full = _full(life, current)
    version = life.versions[-1] if life.versions else None
    if (
        version is None
        or last is None
        or last[0] != life.stay
        or version.record.core != record.core
        or (full is not None and last[3] is not None and full.content != last[3])
        or (current.fax_known and last[1] and current.fax != last[2])
    ):
        before = version
        version = Version(record, life.day, life.seen_in, current.stamp, life.stay, False, full is None)
        if before is not None:
            version.is_unstamped = (
                before.stay == life.stay
                and current.stamp is not None
                and current.stamp == before.stamp
                and not (record.ref_only or before.record.ref_only)
            )
            before.known_to = before.known_to or life.day
        life.versions.append(version)
    if full is not None:
        version.record, version.is_partial = full, False
    version.stamp, version.kind = current.stamp, current.kind
    version.last_capture_id, version.last_seq = current.capture_id, current.seq
    if current.fax_known:
        version.fax = current.fax
    if gone:
        version.known_to, version.gone_by = gone
    life.last = (life.stay, current.fax_known, current.fax, None if full is None else full.content)


def _full(life: Life, current: _Current) -> Record | None:
    """Return the record, or the newest equal one that leaves nothing out if its source leaves things out."""
    if not current.is_partial:
        return current.record
    core = current.record.core
    complete = (v.record for v in reversed(life.versions) if not v.is_partial and v.record.core == core)
    return next(complete, None)


def _complete(versions: list[Version]) -> None:
    """Complete each version whose source leaves things out by the newest one before that does not."""
    complete: Record | None = None
    for version in versions:
        if version.record.ref_only:
            continue
        if not version.is_partial:
            complete = version.record
        elif complete is not None:
            version.record = completed_by(version.record, complete)
