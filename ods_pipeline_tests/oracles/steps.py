"""What the slow oracle of events works on: an event, and two versions next to each other."""

from dataclasses import dataclass
from datetime import date
from typing import Any

Row = dict[str, Any]
FOUR_DATES = ("operational_start", "operational_end", "legal_start", "legal_end")


@dataclass(frozen=True)
class Event:
    """One event; ids of roles and relationships are one number here, as no event has both."""

    code: str
    kind: str
    effective: date
    detected: date
    field: str | None = None
    old: str | None = None
    new: str | None = None
    related: str | None = None
    what: str | None = None
    unique_id: int | None = None
    unstamped: bool = False


@dataclass(frozen=True)
class Step:
    """Two adjoining versions of a code, or one version twice on the day on which one of its dates arrives.

    Their components are under ``parts``.
    """

    code: str
    before: Row
    after: Row
    before_day: date
    day: date
    unstamped: bool = False

    @property
    def stamp(self) -> date:
        return self.after["stamped_on"] or self.day

    def event(self, kind: str, effective: date | None = None, **details: Any) -> Event:
        details = {k: str(v) if k in ("old", "new") and v is not None else v for k, v in details.items()}
        return Event(self.code, kind, effective or self.stamp, self.day, unstamped=self.unstamped, **details)

    def differs(self, column: str) -> bool:
        return self.before[column] != self.after[column]

    def reopens(self) -> bool:
        return (phase(self.before, self.before_day), phase(self.after, self.day)) == ("closed", "open")


def phase(row: Row, day: date) -> str:
    if row["operational_start"] and row["operational_start"] > day:
        return "ahead"
    if row["operational_end"]:
        return "closed" if row["operational_end"] < day else "open"
    if row["status"] != "Inactive":
        return "open"
    starts = [d for d in (row["operational_start"], row["legal_start"]) if d]
    announced = bool(starts) and max(starts) > (row["stamped_on"] or row["known_from"])
    in_operation_only = row["operational_start"] is not None and law_is_over(row, row["known_from"])
    return "open" if announced or in_operation_only else "closed"


def law_is_over(row: Row, day: date) -> bool:
    return row["legal_end"] is not None and row["legal_end"] < day
