"""Helpers for tests of the fold: captures one after another, and what the register then holds of a code."""

from collections.abc import Callable
from typing import Any

from ods_pipeline.history.fold import Register
from ods_pipeline_tests.support.builders import Held, make_record

Step = Callable[[Held], object]
JULY = {"published": "2026-07-24", "released": "2026-07-31"}
AUGUST = {"published": "2026-08-21", "released": "2026-08-28"}
SEPTEMBER = {"published": "2026-09-18", "released": "2026-09-25"}
ANCHOR = make_record("R0A")  # a release must not be empty for its absences to count


def trust(name: str, **overrides: Any) -> dict[str, Any]:
    """Return a record of the code R1A with this name."""
    return make_record("R1A", Name=name, **overrides)


def row(register: Register, code: str = "R1A") -> dict[str, Any] | None:
    """Return the row of ``organisations`` of a code."""
    rows = register.frames["organisations"].filter(ods_code=code).rows(named=True)
    assert len(rows) <= 1
    return rows[0] if rows else None


def name_of(register: Register, code: str = "R1A") -> str | None:
    record = row(register, code)
    return record["name"] if record else None


def deletion(register: Register, code: str = "R1A") -> tuple[Any, ...] | None:
    columns = ["name", "deleted_on", "source", "state"]
    rows = register.frames["deletions"].filter(ods_code=code).select(columns).rows()
    assert len(rows) <= 1
    return rows[0] if rows else None


def release(record: Any = None, **when: str) -> Step:
    return lambda held: held.release([ANCHOR, *([record] if record else [])], **when)


def delta(record: Any = None, stamp: str = "20260824T043000Z", **options: Any) -> Step:
    return lambda held: held.delta([record] if record else [], stamp, **options)


def after(held: Held, *steps: Step) -> Register:
    """Return the register after these captures have arrived, in this order."""
    for step in steps:
        step(held)
    return held.register()
