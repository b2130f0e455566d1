"""The size and proportions of a release: the figures of ODS's release of August 2026, and how they scale.

Lives here: every number that a release is made to. They are published counts (see ``NATIONAL``), except the
split of organisations over kinds in ``kinds.csv``. That split is our estimate: only the number of trust sites
(38,093) and the total are known.
"""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

# A record that closed in operation before this day is in the archive file.
ARCHIVE_CUT_OFF = date(2017, 4, 1)
PUBLISHED, RELEASED = date(2026, 8, 21), date(2026, 8, 28)
FILLER_START = date(1900, 1, 1)
FIRST_ANANA = date(2020, 10, 1)
_FRIDAY = 4


@dataclass(frozen=True)
class Counts:
    """How many records and parts a release holds. ``full_records`` includes ``full_stubs``."""

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
    # (rel_id, rows): a tuple, because a frozen class cannot have a dict as a default.
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
        """Number of complete records."""
        return self.full_records - self.full_stubs + self.archived

    @property
    def archived(self) -> int:
        """Number of complete records in the archive file."""
        return self.archive_records - self.archive_stubs

    def scaled(self, scale: float) -> "Counts":
        """Return the same proportions at another size (1.0 is national)."""
        single = {name: round(value * scale) for name, value in vars(self).items() if name != "relationships"}
        links = tuple((rel_id, max(2, round(rows * scale))) for rel_id, rows in self.relationships)
        return Counts(**single, relationships=links)


NATIONAL = Counts()


@dataclass(frozen=True)
class Churn:
    """How much changes in a month at national size: the middle of the ranges seen."""

    stamped: int = 3_900
    renamed: int = 300
    moved: int = 400
    closed: int = 850
    reopened: int = 70
    commissioner_changed: int = 130
    operator_changed: int = 640
    # Not published. Enough open for the register to grow slowly. 186 codes were deleted in three months.
    opened: int = 900
    deleted: int = 62

    def scaled(self, scale: float) -> "Churn":
        return Churn(**{name: max(1, round(value * scale)) for name, value in vars(self).items()})


@dataclass(frozen=True)
class Kind:
    """One kind of organisation.

    ``shape`` describes its codes: ``#`` digit, ``@`` letter, ``*`` either, ``^`` first letter of a practice,
    ``+`` the operator's code; or it is a list of codes separated by spaces. ``archived`` and ``closed`` are
    the weights for closing before and after the cut-off (1 is average). ``other_roles`` has pairs of a role
    id, or of a pool named ``@…``, and the share of organisations that have it.
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
    """Return the rows of ``kinds.csv`` by name. A kind comes after the kind of its operators."""
    with (Path(__file__).parent / "kinds.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    by_name = {}
    for number, row in enumerate(rows):
        extra = (item.split(":") for item in row["other_roles"].split())
        by_name[row["kind"]] = Kind(
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
    return by_name


def counts_by_kind(total: int) -> dict[str, int]:
    """Return how many organisations of each kind add up to ``total``.

    Every kind occurs at least once, and all regions occur at any size. The biggest kind absorbs the rounding.
    """
    every = kinds()
    scale = total / NATIONAL.organisations
    counts = {name: max(1, round(kind.national * scale)) for name, kind in every.items()}
    counts["region"] = every["region"].national
    biggest = max(every, key=lambda name: every[name].national)
    counts[biggest] += total - sum(counts.values())
    return counts


def next_release(released: date) -> date:
    """Return the last Friday of the next month."""
    first = (released.replace(day=1) + timedelta(days=62)).replace(day=1)
    last = first - timedelta(days=1)
    return last - timedelta(days=(last.weekday() - _FRIDAY) % 7)


ROLE_POOLS = {
    # The ids of a pool follow no rule. They were picked by their names in the code list.
    "@council": ("RO33", "RO34", "RO35", "RO36", "RO37", "RO38", "RO39", "RO40", "RO223", "RO273"),
    "@school": tuple(f"RO{n}" for n in (*range(281, 293), 293, *range(296, 304), *range(304, 314), 325)),
}
