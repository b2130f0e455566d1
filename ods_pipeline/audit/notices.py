"""Notices of deletion, each once, with its place between the captures.

Lives here: which of the fetches that brought a notice counts, and before which capture it comes. Does not
live here: reading them (``fetches.py``), and what they end (``lives.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ods_pipeline.audit.records import Row, Text

# Where notices of deletion come from.
NOTICES = ("ord_notifications", "odt_deletion_list")


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice of deletion, or a 404 or 410.

    Attributes:
        code: The ODS code.
        role: The primary role in the notice.
        day: The day of the notice, or of the 404 or 410.
        reason_code: ODS's reason code.
        reason: ODS's reason, or the HTTP status.
        source: One of ``NOTICES``, or ``gone_from_api``.
        capture_id: The fetch that brought it.
        seq: The number of that fetch in the order of captures.
        place: Its place between observations: those of capture ``n`` are at ``2 * n``, so it is odd.
    """

    code: str
    role: Text
    day: str
    reason_code: Text
    reason: Text
    source: str
    capture_id: str
    seq: int
    place: int


def place_notices(days: Sequence[str], rows_by_capture: Sequence[tuple[str, list[Row]]]) -> list[Notice]:
    """Return the notices of all captures, each once, with their places in the order of captures.

    A notice keeps the first fetch that brought it. A 404 or 410 keeps the last fetch of its day.

    Args:
        days: The as-of dates of the captures, in order.
        rows_by_capture: The label of each capture and its rows of ``notices_of``.
    """
    kept: dict[Row, Notice] = {}
    for seq, (label, rows) in enumerate(rows_by_capture):
        seen = set()
        for row in sorted(rows, key=lambda r: [(x is None, x or "") for x in (r[1], r[4])]):
            code, role, day, reason_code, reason, source = (x or "" for x in row)
            key = (code, day, source)
            if key in seen or (key in kept and source in NOTICES):
                continue
            seen.add(key)
            # Never before captures of earlier days, and never after captures of later days.
            before, upto = sum(d < day for d in days), sum(d <= day for d in days)
            place = 2 * min(max(seq, before), upto) - 1
            kept[key] = Notice(
                code, role or None, day, reason_code or None, reason or None, source, label, seq, place
            )
    return list(kept.values())
