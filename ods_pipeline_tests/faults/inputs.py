"""Two months of a register of two dozen organisations: small enough to be built a hundred times.

Lives here: releases and fetches as files, and the same content as the API returns it. Does not live here:
what is done with them (`harness.py`).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from ods_pipeline_tests.support.builders import (
    make_record,
    notice,
    rel,
    role,
    stub_of,
    succ,
    write_delta,
    write_release,
)
from ods_pipeline_tests.support.payloads import code_of
from ods_pipeline_tests.support.worlds import Made

# A build of a month ends with this: the newest record of one code is set aside.
BUILT = 4


def records() -> list[dict[str, Any]]:
    """Six trusts, two sites of each, and six practices."""
    trusts = [f"RX{n}" for n in range(6)]
    sites = [(f"{trust}{number:02d}", trust) for trust in trusts for number in (1, 2)]
    practices = [f"A81{n:03d}" for n in range(6)]
    return [
        *(make_record(code) for code in trusts),
        *(
            make_record(code, Roles={"Role": [role(code, "RO198")]}, Rels={"Rel": [rel(code, trust)]})
            for code, trust in sites
        ),
        *(
            make_record(code, Roles={"Role": [role(code, "RO177"), role(code, "RO76", primary=False)]})
            for code in practices
        ),
    ]


@dataclass(frozen=True)
class Inputs:
    """Two releases a month apart, each followed by a fetch; one record in each fetch is set aside."""

    folder: Path

    def write(self) -> "Inputs":
        """Write all files below the folder."""
        old = records()
        dead = make_record("RZ9", Status="Inactive", Succs={"Succ": [succ("RZ9", "Successor", "RX1")]})
        self._release(1, [*old, stub_of(dead)], [dead], "2026-07-24", "2026-07-31")
        stamps = {"stamps_from": "2026-07-24", "stamps_to": "2026-08-21"}
        odd = make_record("RX9", LastChangeDate="2026-08-03", Date=[{"Type": "Operational", "Start": "soon"}])
        changed = make_record("RX1", Name="RENAMED", LastChangeDate="2026-08-03")
        write_delta(self.folder / "fetches1", [changed, odd], "20260821T043000Z", **stamps)
        new = make_record("RX8", LastChangeDate="2026-08-12")
        kept = [
            changed if code_of(record) == "RX1" else record for record in old if code_of(record) != "A81002"
        ]
        self._release(2, [*kept, new, stub_of(dead)], [dead], "2026-08-21", "2026-08-28")
        stamps = {"stamps_from": "2026-08-21", "stamps_to": "2026-09-04"}
        gone = [notice("A81003", "2026-09-01")]
        later = make_record("RX2", Name="RENAMED TOO", LastChangeDate="2026-09-01")
        bad = make_record(
            "RX10", LastChangeDate="2026-09-02", Date=[{"Type": "Operational", "Start": "late"}]
        )
        write_delta(self.folder / "fetches2", [later, bad], "20260904T043000Z", notifications=gone, **stamps)
        return self

    @staticmethod
    def morning() -> datetime:
        """The time on the clock of the process that dies."""
        return datetime(2026, 9, 4, 4, 30, tzinfo=UTC)

    @staticmethod
    def world() -> Made:
        """The ORD API on that morning: eight changed records, and a code that is listed but gone."""
        days = [(date(2026, 8, 27) + timedelta(n)).isoformat() for n in range(8)]
        changed = [
            make_record(f"RX{n}", Name=f"AS OF {day}", LastChangeDate=day) for n, day in enumerate(days)
        ]
        gone = make_record("A81003", LastChangeDate="2026-09-01")
        return Made({code_of(r): r for r in changed}, listed_but_gone={"A81003": gone})

    def _release(self, number: int, full: list, archive: list, published: str, released: str) -> None:
        folder = self.folder / f"release{number}"
        write_release(folder, full, archive, published=published, released=released)

    def arguments(self, number: int) -> list[str]:
        """The arguments that name the release and the fetches of a month."""
        (zip_file,) = (self.folder / f"release{number}").glob("*.zip")
        return ["--release", str(zip_file), "--recorded", str(self.folder / f"fetches{number}")]
