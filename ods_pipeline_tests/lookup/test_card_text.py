"""The lines of a card, from a card made by hand."""

from dataclasses import replace
from datetime import date

from ods_pipeline.lookup.card import Card
from ods_pipeline.lookup.card_text import ADDRESS, card_lines

DAY = date(2026, 9, 4)
CARD = Card(
    record={
        **dict.fromkeys(ADDRESS),
        "ods_code": "X01",
        "name": "MAPLE HOUSE",
        "primary_role_id": "RO197",
        "primary_role_name": "NHS TRUST",
        "record_class": "RC1",
        "explanation": "Open on 2026-09-04",
        "known_from": date(2026, 8, 21),
        "stamped_on": date(2026, 8, 20),
        "last_change_date": None,
        "doubt": None,
        "ref_only": False,
        "status": "Active",
        "operational_start": date(2010, 4, 1),
        "operational_end": None,
        "legal_start": None,
        "legal_end": None,
        "uprn": 12,
    },
    day=DAY,
    known=None,
    roles=[],
    parents=[],
    successions=[],
    contacts=[],
    below=[],
    events=[],
)


def test_a_card_without_parts_has_the_facts_of_the_record() -> None:
    assert card_lines(CARD) == [
        "X01  MAPLE HOUSE",
        "NHS TRUST (RO197), an organisation",
        "Open on 2026-09-04",
        "",
        "status       Active, last changed unknown",
        "operational  2010-04-01 to (no end)",
        "address      (UPRN 12)",
        "",
        "Its history",
        "  nothing",
    ]


def test_a_day_of_the_register_is_named_and_has_the_stamp_of_then() -> None:
    lines = card_lines(replace(CARD, known=DAY))
    assert "The register on 2026-09-04; this version dates from 2026-08-21." in lines
    assert "status       Active, last changed 2026-08-20" in lines
    assert "Changes seen up to 2026-09-04" in lines


def test_what_does_not_hold_on_the_day_has_its_reason() -> None:
    def role(holds: bool, starts: date, ends: date | None) -> dict[str, object]:
        return {"role_id": "RO1", "role_name": None, "holds": holds, "starts": starts, "ends": ends}

    past, future = date(2020, 1, 1), date(2027, 1, 1)
    roles = [
        role(True, past, None),
        role(False, future, None),
        role(False, past, past),
        role(False, past, None),
    ]
    lines = [line for line in card_lines(replace(CARD, roles=roles)) if "RO1 " in line]
    assert [line.rpartition("  ")[2] for line in lines] == [
        "2020-01-01 to (no end)",
        "[ahead]",
        "[ended]",
        "[Inactive]",
    ]


def test_children_are_counted_and_the_rest_is_a_number() -> None:
    site = {"ods_code": "A1", "name": "A SITE", "postcode": None, "openness": "open", "is_past": False}
    named = [site, {**site, "ods_code": "B1", "postcode": "N1 1AA", "is_past": True}]
    below = [{"rel_name": "IS OPERATED BY", "organisations": 1203, "named": named}]
    lines = card_lines(replace(CARD, below=below))
    at = lines.index("below it     1,203 x IS OPERATED BY:")
    assert lines[at + 1 : at + 4] == [
        "             A1 A SITE, open",
        "             B1 A SITE, N1 1AA, open, no longer below it",
        "             … and 1,201 more; --limit 0 shows all",
    ]


def test_offices_that_may_be_of_one_group_are_named_as_perhaps() -> None:
    related = [{"ods_code": f"A{n}", "name": f"MAPLE {n}"} for n in range(12)]
    lines = card_lines(replace(CARD, related=related))
    start = next(n for n, line in enumerate(lines) if line.startswith("perhaps "))
    assert lines[start].endswith("of one group with (same postcode, names that begin alike):")
    assert lines[start + 1].strip() == "A0 MAPLE 0" and lines[start + 11].strip() == "… and 2 more"
    assert not any(line.startswith("perhaps ") for line in card_lines(CARD))


def test_a_succession_of_a_later_day_is_ahead() -> None:
    def succession(day: date | None) -> dict[str, object]:
        return {"succession_type": "Successor", "target_ods_code": "X02", "name": "M", "legal_start": day}

    days = [date(2020, 1, 1), date(2027, 4, 1), None]
    lines = card_lines(replace(CARD, successions=[succession(day) for day in days]))
    assert [line.partition("  from ")[2] for line in lines if "succeeded by X02 M" in line] == [
        "2020-01-01",
        "2027-04-01  [ahead]",
        "an unknown day",
    ]


def test_an_unknown_start_is_named_as_such() -> None:
    record = {**CARD.record, "operational_start": date(1900, 1, 1)}
    assert "operational  unknown (1900-01-01) to (no end)" in card_lines(replace(CARD, record=record))
