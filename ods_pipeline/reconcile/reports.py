"""The reports that ODS publishes, and what each has: its columns, and what of it is compared.

Lives here: one row of ``reports.csv`` for each report, and the three layouts in which they come. Does not
live here: where the columns of a file are (``columns.py``).
"""

import csv
import io
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

# The place of a column in a file without a header row, from 1 (layouts of Data Search and Export).
PLACES = {
    "organisations": {
        **{"code": 1, "name": 2, "region": 3, "icb": 4},
        **{f"address_{n}": 4 + n for n in range(1, 6)},
        **{"postcode": 10, "opened": 11, "closed": 12, "status": 13, "parent": 15, "joined": 16, "left": 17},
        **{"provider": 24, "setting": 26},
    },
    "pcn_partners": {
        **{"code": 1, "name": 2, "sub_icb": 3, "sub_icb_name": 4, "parent": 5, "parent_name": 6},
        **{"parent_sub_icb": 7, "parent_sub_icb_name": 8, "joined": 9, "left": 10, "same_sub_icb": 11},
    },
    "memberships": {"code": 1, "parent": 2, "joined": 4, "left": 5},
}
# How many columns a file without a header row has: all of them, or without the last.
WIDTHS = {"organisations": (27,), "pcn_partners": (11, 10), "memberships": (6,)}
# Columns 24 and 26 mean something else in the other reports (24 was the government office region).
_WITH_PROVIDER = ("epraccur", "egpcur")
# What is compared, and the columns that it takes. Without one of them there is nothing to compare.
NEEDED = {
    "name": ("name",),
    "address": tuple(f"address_{n}" for n in range(1, 6)),
    **{field: (field,) for field in ("postcode", "opened", "closed", "status", "region", "icb", "parent")},
    **{field: ("parent", field) for field in ("parent_name", "joined", "left")},
    **{field: (field,) for field in ("provider", "setting", "sub_icb", "parent_sub_icb", "same_sub_icb")},
    "sub_icb_name": ("sub_icb", "sub_icb_name"),
    "parent_sub_icb_name": ("parent_sub_icb", "parent_sub_icb_name"),
}
_NOT_LETTERS = re.compile(r"[^a-z]")


@dataclass(frozen=True)
class Report:
    """A report that ODS publishes: one row of ``reports.csv``."""

    name: str
    title: str
    layout: str
    role_ids: tuple[str, ...]
    parent_rel_id: str | None
    parent_role_ids: tuple[str, ...]
    has_geography: bool

    @property
    def fields(self) -> tuple[str, ...]:
        """What is compared in this report, if its file has the columns."""
        left_out: set[str] = set()
        if not self.has_geography:
            left_out |= {"region", "icb"}
        if self.parent_rel_id is None:
            left_out |= {"parent", "joined", "left"}
        if self.name not in _WITH_PROVIDER:
            left_out |= {"provider", "setting"}
        columns = PLACES[self.layout].keys() - left_out
        return tuple(field for field, needed in NEEDED.items() if columns >= {*needed})


@cache
def reports() -> dict[str, Report]:
    """Return every report that can be compared, by name."""
    text = resources.files("ods_pipeline.reconcile").joinpath("reports.csv").read_text(encoding="utf-8")
    return {
        row["report"]: Report(
            row["report"],
            row["title"],
            row["layout"],
            tuple(filter(None, row["primary_role_ids"].split("|"))),
            row["parent_rel_id"] or None,
            tuple(filter(None, row["parent_role_ids"].split("|"))),
            row["geography"] == "yes",
        )
        for row in csv.DictReader(io.StringIO(text))
    }


def name_in(file: str) -> str:
    """Return the letters with which the name of a file begins: the report, if it is named after one."""
    return _NOT_LETTERS.split(file.lower(), maxsplit=1)[0]
