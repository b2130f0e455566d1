"""`ods-pipeline show`: one code on one card."""

from collections.abc import Callable
from contextlib import closing
from datetime import date
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from ods_pipeline.commands.common import DEFAULT_ROOT, Root, as_text, plain
from ods_pipeline.lookup.card import Card, Row, card_of
from ods_pipeline.lookup.published import open_published

ADDRESS = ("address_line_1", "address_line_2", "address_line_3", "town", "county", "postcode", "country")
LABEL = 13


def show(
    code: str,
    *,
    as_of: Annotated[date | None, Parameter(help="The day in the world that the card speaks for.")] = None,
    known: Annotated[
        date | None, Parameter(help="The day on which the register stood so; from the first release held on.")
    ] = None,
    data_root: Root = DEFAULT_ROOT,
) -> int:
    """Show a code on one card, as ``HELP`` tells; the exit code."""
    with closing(open_published(data_root, "code_changes", "organisation_status")) as connection:
        card = card_of(connection, as_text(code), as_of, known)
    _print(plain(), card)
    return 0


def _print(console: Console, card: Card) -> None:
    record = card.record
    console.print(f"{record['ods_code']}  {record['name']}")
    kind = record["primary_role_name"] or record["primary_role_id"]
    console.print(f"{kind} ({record['primary_role_id']}), {_class(record)}")
    console.print(record["explanation"])
    if card.known:
        since = record["known_from"]
        console.print(f"As the register stood on {card.known}, which said so since {since}.")
    if record["doubt"]:
        console.print(f"{record['doubt']}; nothing has confirmed it.")
    if record["ref_only"]:
        console.print("Only a stub is known: it has no relationships or successions.")
    console.print()
    stamp = record["stamped_on" if card.known else "last_change_date"]
    _lines(console, "status", [f"{record['status']}, last changed {stamp or 'unknown'}"])
    operational = _span(record["operational_start"], record["operational_end"])
    _lines(console, "operational", [operational])
    if record["legal_start"] or record["legal_end"]:
        _lines(console, "legal", [_span(record["legal_start"], record["legal_end"])])
    place = ", ".join(str(record[c]) for c in ADDRESS if record[c])
    uprn = f" (UPRN {record['uprn']})" if record["uprn"] else ""
    _lines(console, "address", [place + uprn] if place or uprn else [])
    _lines(console, "contacts", [f"{c['contact_type']} {c['contact_value']}" for c in card.contacts])
    _lines(console, "roles", _dated(card, card.roles, lambda r: f"{r['role_id']} {r['role_name'] or ''}"))
    _lines(
        console,
        "parents",
        _dated(
            card,
            card.parents,
            lambda r: f"{r['rel_name'] or r['rel_id']} {r['target_ods_code']} {r['name'] or '(not held)'}",
        ),
    )
    for row in card.below:
        more = row["bodies"] - len(row["first_ones"])
        rest = [f"… and {more:,} more"] if more else []
        _lines(console, "below it", [f"{row['bodies']:,} x {row['rel_name']}:", *row["first_ones"], *rest])
    words = {"Successor": "succeeded by", "Predecessor": "took over from"}
    _lines(
        console,
        "succession",
        [
            f"{words[s['succession_type']]} {s['target_ods_code']} {s['name'] or '(not held)'}"
            f"  from {s['legal_start']}"
            for s in card.successions
        ],
    )
    console.print()
    console.print(f"Changes seen up to {card.known}" if card.known else "Its life")
    for line in card.life:
        console.print(_event(line, card.day))
    if not card.life:
        console.print("  nothing")


def _class(record: Row) -> str:
    return {"RC1": "an organisation", "RC2": "a site"}[record["record_class"]]


def _span(start: date | None, end: date | None) -> str:
    return f"{start or 'unknown'} to {end or '(no end)'}"


def _dated(card: Card, rows: list[Row], words: Callable[[Row], str]) -> list[str]:
    """Those that hold on the day, then those that do not; Inactive without an end is told by that word."""
    told = []
    for row in rows:
        ahead = row["starts"] is not None and row["starts"] > card.day
        over = "ahead" if ahead else "ended" if row["ends"] else "Inactive"
        when = "" if row["holds"] else f"  [{over}]"
        told.append(f"{words(row).strip()}  {_span(row['starts'], row['ends'])}{when}")
    return told


def _lines(console: Console, label: str, texts: list[str]) -> None:
    for number, text in enumerate(texts):
        console.print(f"{label if number == 0 else '':<{LABEL}}{text}")


def _event(line: Row, day: date) -> str:
    related = f" {line['related_code']} {line['related_name'] or ''}".rstrip() if line["related_code"] else ""
    detail = f" ({line['detail']})" if line["detail"] else ""
    seen = f"  seen {line['seen_on']}" if line["seen_on"] else ""
    ahead = "  [ahead]" if line["on_day"] > day else ""
    return f"  {line['on_day']}  {line['event'].replace('_', ' ')}{related}{detail}{seen}{ahead}"
