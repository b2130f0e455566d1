"""How big, and in what proportions: the figures of ODS's release of August 2026, and how they scale.

Lives here: every number that a release is made to. They are published counts (see ``NATIONAL``) except the
split of organisations over kinds in ``kinds.csv``, which is our estimate: only the number of trust sites
(38,093) and the total are known.
"""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

# Everything closed in operation before this day stands in the archive file.
ARCHIVE_CUT_OFF = date(2017, 4, 1)
PUBLISHED, RELEASED = date(2026, 8, 21), date(2026, 8, 28)
FILLER_START = date(1900, 1, 1)
FIRST_ANANA = date(2020, 10, 1)
_FRIDAY = 4


@dataclass(frozen=True)
class Counts:
    """How many of what a release holds. ``full_stubs`` are of the records in ``full_records``."""

    full_records: int = 306_201
    archive_records: int = 86_705
    full_stubs: int = 10_249
    archive_stubs: int = 11_740
    active: int = 217_059
    roles: int = 529_348
    successions: int = 24_373
    filler_starts: int = 12_471
    active_past_legal_end: int = 4_908
    active_with_future_end: int = 623
    # (rel_id, rows), as a tuple because a frozen class has no room for a dict.
    relationships: tuple[tuple[str, int], ...] = (
        ("RE2", 237),
        ("RE3", 6_849),
        ("RE4", 161_670),
        ("RE5", 333_979),
        ("RE6", 253_800),
        ("RE8", 8_346),
        ("RE9", 1_698),
        ("RE10", 913),
        ("RE11", 2_035),
    )

    @property
    def organisations(self) -> int:
        """Complete records."""
        return self.full_records - self.full_stubs + self.archived

    @property
    def archived(self) -> int:
        """Complete records in the archive file."""
        return self.archive_records - self.archive_stubs

    def scaled(self, scale: float) -> "Counts":
        """The same proportions at another size (1.0 is national)."""
        single = {name: round(value * scale) for name, value in vars(self).items() if name != "relationships"}
        links = tuple((rel_id, max(2, round(rows * scale))) for rel_id, rows in self.relationships)
        return Counts(**single, relationships=links)


NATIONAL = Counts()


@dataclass(frozen=True)
class Churn:
    """What changes in a month at national size: the middle of the ranges seen."""

    stamped: int = 3_900
    renamed: int = 300
    moved: int = 400
    closed: int = 850
    reopened: int = 70
    commissioner_changed: int = 130
    operator_changed: int = 640
    # Not published; so many open that the register grows slowly. 186 codes went in three months.
    opened: int = 900
    deleted: int = 62

    def scaled(self, scale: float) -> "Churn":
        return Churn(**{name: max(1, round(value * scale)) for name, value in vars(self).items()})


@dataclass(frozen=True)
class Kind:
    """One kind of body.

    ``shape`` of its codes: ``#`` digit, ``@`` letter, ``*`` either, ``^`` first letter of a practice, ``+``
    the operator's code; or a list of codes with spaces between. ``archived`` and ``closed`` weigh how likely
    a body of this kind is closed before or after the cut-off (1: like any other).
    ``other_roles``: (role id or a pool named ``@…``, share of bodies that have it).
    """

    number: int
    name: str
    role_id: str
    national: int
    shape: str
    record_class: str
    noun: str
    operator: str
    archived: float
    closed: float
    first_year: int
    last_year: int
    other_roles: tuple[tuple[str, float], ...]


@cache
def kinds() -> dict[str, Kind]:
    """The rows of ``kinds.csv``, an operator before what it operates."""
    with (Path(__file__).parent / "kinds.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for number, row in enumerate(rows):
        extra = (item.split(":") for item in row["other_roles"].split())
        found[row["kind"]] = Kind(
            number,
            row["kind"],
            row["role_id"],
            int(row["national"]),
            row["shape"],
            row["record_class"],
            row["noun"],
            row["operator"],
            float(row["archived"]),
            float(row["closed"]),
            int(row["first_year"]),
            int(row["last_year"]),
            tuple((role, float(share)) for role, share in extra),
        )
    return found


def counts_by_kind(total: int) -> dict[str, int]:
    """How many bodies of each kind make ``total``: every kind at least once, regions all of them at any
    size, and the biggest kind takes what rounding leaves."""
    every = kinds()
    scale = total / NATIONAL.organisations
    counts = {name: max(1, round(kind.national * scale)) for name, kind in every.items()}
    counts["region"] = every["region"].national
    biggest = max(every, key=lambda name: every[name].national)
    counts[biggest] += total - sum(counts.values())
    return counts


def next_release(released: date) -> date:
    """The last Friday of the next month."""
    first = (released.replace(day=1) + timedelta(days=62)).replace(day=1)
    last = first - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - _FRIDAY) % 7)


ROLE_POOLS = {
    # Primary role ids of the pools follow no rule; these are the names in the code list.
    "@council": ("RO33", "RO34", "RO35", "RO36", "RO37", "RO38", "RO39", "RO40", "RO223", "RO273"),
    "@school": tuple(f"RO{n}" for n in (*range(281, 293), 293, *range(296, 304), *range(304, 314), 325)),
}
