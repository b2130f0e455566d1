"""The lines of a card. Wording only: everything a line needs is in the card."""

from collections.abc import Callable, Iterator
from datetime import date

from ods_pipeline.lookup.card import Card
from ods_pipeline.lookup.finding import area_lines
from ods_pipeline.lookup.published import Row

ADDRESS = ("address_line_1", "address_line_2", "address_line_3", "town", "county", "postcode", "country")
LABEL_WIDTH = 13
_RELATED_SHOWN = 10
_CLASSES = {"RC1": "an organisation", "RC2": "a site"}
_SUCCESSIONS = {"Successor": "succeeded by", "Predecessor": "took over from"}


def card_lines(card: Card) -> list[str]:
    """Return a card as lines of text: what the organisation is, its labelled facts, its history."""
    lines = [*_heading(card), ""]
    for label, texts in _facts(card):
        lines += [f"{'' if number else label:<{LABEL_WIDTH}}{text}" for number, text in enumerate(texts)]
    lines += ["", f"Changes seen up to {card.known}" if card.known else "Its history"]
    return [
        *lines,
        *(_event(event, card.day) for event in card.events),
        *([] if card.events else ["  nothing"]),
    ]


def _heading(card: Card) -> Iterator[str]:
    record = card.record
    yield f"{record['ods_code']}  {record['name']}"
    role = record["primary_role_name"] or record["primary_role_id"]
    yield f"{role} ({record['primary_role_id']}), {_CLASSES[record['record_class']]}"
    yield record["explanation"]
    if card.known:
        yield f"The register on {card.known}; this version dates from {record['known_from']}."
    if record["doubt"]:
        yield f"{record['doubt']}; nothing has confirmed it."
    if card.area.get("hint"):
        yield f"{card.area['hint']}."
    if record["ref_only"]:
        yield "Only a stub is known: it has no relationships or successions."


def _facts(card: Card) -> Iterator[tuple[str, list[str]]]:
    """Label and lines of each kind of fact. A label without lines is not shown."""
    record = card.record
    stamp = record["stamped_on" if card.known else "last_change_date"]
    yield "kind", [record["kind"]] if record.get("kind") else []
    yield "status", [f"{record['status']}, last changed {stamp or 'unknown'}"]
    yield "operational", [_span(record["operational_start"], record["operational_end"])]
    if record["legal_start"] or record["legal_end"]:
        yield "legal", [_span(record["legal_start"], record["legal_end"])]
    place = ", ".join(str(record[c]) for c in ADDRESS if record[c])
    uprn = f" (UPRN {record['uprn']})" if record["uprn"] else ""
    yield "address", [(place + uprn).strip()] if place or uprn else []
    yield "area", area_lines({**card.area, "kind": record.get("kind")})
    yield "contacts", [f"{c['contact_type']} {c['contact_value']}" for c in card.contacts]
    yield "roles", _dated(card, card.roles, lambda r: f"{r['role_id']} {r['role_name'] or ''}")
    yield (
        "parents",
        _dated(
            card,
            card.parents,
            lambda r: f"{r['rel_name'] or r['rel_id']} {r['target_ods_code']} {r['name'] or '(not held)'}",
        ),
    )
    for row in card.below:
        yield "below it", _below(row)
    yield "perhaps", [*_candidates(card.candidates), *_related(card.related)]
    yield (
        "succession",
        [
            f"{_SUCCESSIONS[s['succession_type']]} {s['target_ods_code']} {s['name'] or '(not held)'}"
            f"  from {s['legal_start'] or 'an unknown day'}"
            f"{'  [ahead]' if s['legal_start'] and s['legal_start'] > card.day else ''}"
            for s in card.successions
        ],
    )


def _below(row: Row) -> list[str]:
    """Return a relationship from below: how many organisations, the first few, and how to see the others."""
    past, named, rel_name = row.get("past", 0), row["named"], row["rel_name"]
    total = row["organisations"] + (past if len(named) > row["organisations"] else 0)
    counted = f"{row['organisations']:,} x {rel_name}" + (f", and {past:,} in the past" if past else "")
    if not row["organisations"]:
        counted = f"{past:,} x {rel_name} in the past, none on the day"
    more = total - len(named)
    hints = [f"… and {more:,} more; --limit 0 shows all"] if more > 0 else []
    if past and total == row["organisations"]:
        hints.append("--closed shows those in the past too")
    return [f"{counted}:" if named or more else counted, *map(_named_below, named), *hints]


def _named_below(row: Row) -> str:
    """Return an organisation below: its code, name, postcode, and whether it is open and still below."""
    openness = row["openness"].replace("_", " ")
    if row["openness"] in ("legally_closed", "closed"):
        openness = "closed"
    elif row["is_past"] and openness != "deleted":
        openness += ", no longer below it"
    return ", ".join(
        filter(None, (f"{row['ods_code']} {row['name'] or ''}".strip(), row["postcode"], openness))
    )


def _candidates(rows: list[Row]) -> list[str]:
    """Return what may have replaced a closed organisation, and why; nothing if there is none."""
    named = [
        f"{row['ods_code']} {row['name'] or ''}".rstrip()
        + (f", {row['outcome']}" if row["outcome"] else "")
        + f"  ({row['reason'][:1].lower()}{row['reason'][1:]})"
        for row in rows
    ]
    return ["replaced by (inferred; ODS records no successor):", *named] if rows else []


def _related(rows: list[Row]) -> list[str]:
    """Head offices that may be of one group, and why; nothing if there are none."""
    named = [f"{row['ods_code']} {row['name']}" for row in rows[:_RELATED_SHOWN]]
    more = [f"… and {len(rows) - _RELATED_SHOWN:,} more"] if len(rows) > _RELATED_SHOWN else []
    return ["of one group with (same postcode, names that begin alike):", *named, *more] if rows else []


def _span(start: date | None, end: date | None) -> str:
    # ODS writes 1900-01-01 for a start that nobody knows.
    begins = "unknown (1900-01-01)" if start == date(1900, 1, 1) else start or "unknown"
    return f"{begins} to {end or '(no end)'}"


def _dated(card: Card, rows: list[Row], describe: Callable[[Row], str]) -> list[str]:
    """Return rows with dates, and why one does not hold on the day: ahead, ended, or no end but Inactive."""
    lines = []
    for row in rows:
        is_ahead = row["starts"] is not None and row["starts"] > card.day
        reason = "ahead" if is_ahead else "ended" if row["ends"] else "Inactive"
        mark = "" if row["holds"] else f"  [{reason}]"
        lines.append(f"{describe(row).strip()}  {_span(row['starts'], row['ends'])}{mark}")
    return lines


def _event(event: Row, day: date) -> str:
    related = (
        f" {event['related_code']} {event['related_name'] or ''}".rstrip() if event["related_code"] else ""
    )
    detail = f" ({event['detail']})" if event["detail"] else ""
    seen = f"  seen {event['seen_on']}" if event["seen_on"] else ""
    ahead = "  [ahead]" if event["on_day"] > day else ""
    return f"  {event['on_day']}  {event['event'].replace('_', ' ')}{related}{detail}{seen}{ahead}"
