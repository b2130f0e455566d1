"""Organisations for tests of successor candidates: where they are, and from when to when."""

from datetime import date

from ods_pipeline_tests.support.small_registers import Row, organisation

HIGH_STREET = {"address_line_1": "1 HIGH STREET", "postcode": "LS1 1AA"}


def at(code: str, role: str, name: str, start: str, end: str | None, **place: object) -> Row:
    end_day = date.fromisoformat(end) if end else None
    days = {"operational_start": date.fromisoformat(start), "operational_end": end_day}
    return organisation(code, role, name=name, **days, **place)
