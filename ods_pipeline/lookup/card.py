"""What `show` knows about a code: its record on a day, in the register as it was on a day.

Lives here: the queries, and the sentence that explains the openness. Does not live here: the lines of the
card (``card_text.py``).
"""

from dataclasses import dataclass, field
from datetime import date

import duckdb

from ods_pipeline.errors import OdsError
from ods_pipeline.lookup.around import (
    Below,
    area_of,
    area_on,
    organisations_below,
    related_head_offices,
    successor_candidates,
)
from ods_pipeline.lookup.days import LINK_HOLDS, OPENNESS_OF_VERSION
from ods_pipeline.lookup.finding import doubt_in_words
from ods_pipeline.lookup.missing import held_code, missing_error
from ods_pipeline.lookup.published import Row, marts_day, newest_day, query_rows


@dataclass(frozen=True)
class Card:
    """An organisation on ``day``, in the register as it was on ``known`` (None: as it is now).

    Attributes:
        record: The version, with ``primary_role_name``, ``kind`` and ``openness`` on the day,
            ``explanation``, and ``doubt`` (None if there is none).
        day: The day in the world.
        known: The day of the register, or None.
        roles: The roles of the version; ``holds`` is true where a role holds on the day.
        parents: Its relationships to other organisations, with ``holds``.
        successions: Its successors and predecessors.
        contacts: Its contacts.
        below: The organisations that point at it, counted by relationship, with the first few of each.
        events: Its history, one row for each event.
        related: Head offices that may belong to its group, as of today; empty for another day.
        candidates: What may have replaced it where ODS records no successor, as of today; empty for another
            day.
        area: Its ICB with the basis and its region on the day, today with the hint which code to use; empty
            for another day of the register.
    """

    record: Row
    day: date
    known: date | None
    roles: list[Row]
    parents: list[Row]
    successions: list[Row]
    contacts: list[Row]
    below: list[Row]
    events: list[Row]
    area: Row = field(default_factory=dict)
    related: list[Row] = field(default_factory=list)
    candidates: list[Row] = field(default_factory=list)

    def as_row(self) -> Row:
        """Return all of it as one object: the record, and what is around it under names of their own."""
        record = {name: value for name, value in self.record.items() if name not in ("content_hash", "words")}
        return {
            **record,
            "day": self.day,
            "known": self.known,
            "area": self.area,
            "roles": self.roles,
            "parents": self.parents,
            "below": self.below,
            "successions": self.successions,
            "candidates": self.candidates,
            "related": self.related,
            "contacts": self.contacts,
            "history": self.events,
        }


def read_card(
    connection: duckdb.DuckDBPyConnection,
    code: str,
    as_of: date | None,
    known: date | None,
    below: Below | None = None,
) -> Card:
    """Return the card of a code.

    Args:
        connection: The published ods.duckdb.
        code: The ODS code, in any case.
        as_of: The day in the world. Default: ``known``, else the day that the marts describe.
        known: The day of the register. Default: the newest state of the register.
        below: Which organisations below it to name. Default: the first few of those below it on the day.

    Raises:
        OdsError: The register has never held the code, or did not hold it on ``known``.
    """
    held = held_code(connection, code.strip())
    if held is None:
        raise missing_error(connection, code.strip())
    record = _version(connection, held, known)
    day = as_of or known or marts_day(connection)
    values = {"code": record["ods_code"], "version": record["known_from"]}
    on_day = {**values, "day": day, "known": known}
    (openness,) = query_rows(connection, _OPENNESS, on_day)
    record |= openness
    record["doubt"] = _doubt(connection, record)
    record |= _explanation(connection, record, as_of, known, day)
    return Card(
        record=record,
        day=day,
        known=known,
        roles=query_rows(connection, _ROLES, on_day),
        parents=query_rows(connection, _PARENTS, on_day),
        successions=query_rows(connection, _SUCCESSIONS, {**values, "known": known}),
        contacts=query_rows(connection, _CONTACTS, values),
        below=organisations_below(connection, record["ods_code"], day, known, below or Below()),
        events=query_rows(connection, _EVENTS, {"code": record["ods_code"], "known": known}),
        area=_area(connection, record["ods_code"], as_of, known),
        related=[] if as_of or known else related_head_offices(connection, record["ods_code"]),
        candidates=[] if as_of or known else successor_candidates(connection, record["ods_code"]),
    )


def _area(connection: duckdb.DuckDBPyConnection, code: str, as_of: date | None, known: date | None) -> Row:
    """ICB and region on the day. The marts describe the newest state of the register, and no other."""
    if known:
        return {}
    return area_on(connection, code, as_of) if as_of else area_of(connection, code)


def _version(connection: duckdb.DuckDBPyConnection, code: str, known: date | None) -> Row:
    """Return the version of a code that the register held on ``known``, or the newest one."""
    versions = query_rows(connection, _VERSIONS, {"code": code})
    if known is None:
        return versions[-1]
    (first,) = query_rows(connection, "SELECT min(as_of) AS day FROM ord.captures WHERE kind = 'full'")
    if known < first["day"]:
        raise OdsError(
            f"nothing is known of the register before {first['day']}, the day of the first release held",
            where=known,
            do="Give --known that day or a later one; --as-of is the day in the world",
        )
    newest = newest_day(connection)
    if known > newest:
        raise OdsError(
            f"the register is held as of {newest}, and nothing is known of later days",
            where=known,
            do="Give --known that day or an earlier one; --as-of is the day in the world",
        )
    current = [
        v for v in versions if v["known_from"] <= known and (v["known_to"] is None or v["known_to"] > known)
    ]
    if not current:
        spans = ", ".join(f"{v['known_from']} to {v['known_to'] or 'now'}" for v in versions)
        raise OdsError(
            f"the register did not hold it on {known} (it did from {spans})",
            where=code,
            do="Give --known a day within these",
        )
    return current[-1]


def _doubt(connection: duckdb.DuckDBPyConnection, record: Row) -> str | None:
    """Return a deletion that is not confirmed yet, as a sentence without its stop."""
    deletions = query_rows(
        connection,
        "SELECT deleted_on, source FROM ord.deletions WHERE ods_code = $code AND state = 'unconfirmed'",
        {"code": record["ods_code"]},
    )
    if not deletions:
        return None
    return doubt_in_words(**deletions[0])


def _explanation(
    connection: duckdb.DuckDBPyConnection, record: Row, as_of: date | None, known: date | None, day: date
) -> Row:
    """Return ``openness`` on ``day``, and ``explanation``: why.

    Today's explanation is that of ``organisation_status``. For another day in the world a confirmed deletion
    is named; for another day of the register it is not, because it was not known then.
    """
    code = {"code": record["ods_code"]}
    if not as_of and not known:
        (status,) = query_rows(
            connection,
            "SELECT openness, kind, explanation FROM marts.organisation_status WHERE ods_code = $code",
            code,
        )
        return status
    end, legal_end = record["operational_end"], record["legal_end"]
    last = min((d for d in (end, legal_end) if d and d >= day), default=None)
    # Inactive without an end: closed at the latest since its last change, so it was open before.
    closing = f"its last day is {last}" if last else "closed since (Inactive), but ODS gives no end date"
    on_day = {"open": f"Open on {day}", "closing": f"Open on {day}; {closing}"}
    proposed = record["in_law_from"] and f"; proposed: in law from {record['in_law_from']}"
    by_dates = (
        f"{on_day[record['openness']]}{proposed or ''}" if record["openness"] in on_day else record["words"]
    )
    deletions = query_rows(
        connection,
        "SELECT deleted_on FROM ord.deletions WHERE ods_code = $code AND state = 'confirmed'",
        code,
    )
    if known or not deletions:
        return {"explanation": by_dates}
    deleted_on = deletions[0]["deleted_on"]
    if deleted_on <= day:
        return {"openness": "deleted", "explanation": f"Deleted from the register on {deleted_on}"}
    return {"explanation": f"{by_dates}; deleted from the register on {deleted_on}"}


_OPENNESS = f"""
    SELECT
        {OPENNESS_OF_VERSION} AS openness,
        openness_in_words(openness, legal_start, legal_end, operational_start, operational_end, $day)
            AS words,
        proposed_until(openness, legal_start, operational_start, $day) AS in_law_from,
        (
            -- The first kind also holds on the days before it, as in the marts.
            SELECT k.kind
            FROM marts.organisation_kinds AS k
            WHERE k.ods_code = $code AND coalesce(k.valid_to > $day, true)
            ORDER BY k.valid_from
            LIMIT 1
        ) AS kind
    FROM history.organisations AS v
    WHERE ods_code = $code AND known_from = $version
"""
_VERSIONS = """
    SELECT v.*, c.display_name AS primary_role_name
    FROM history.organisations AS v
    LEFT JOIN ord.code_systems AS c ON c.code_system = 'OrganisationRole' AND c.id = v.primary_role_id
    WHERE v.ods_code = $code
    ORDER BY v.known_from
"""
_DATES = """
    holds_from(p.operational_start, p.legal_start) AS starts,
    coalesce(stated_to(p.operational_start, p.operational_end, p.legal_end) - 1, p.operational_end) AS ends
"""
_NAMES = "(SELECT ods_code, arg_max(name, known_from) AS name FROM history.organisations GROUP BY ods_code)"
_ROLES = f"""
    SELECT p.role_id, c.display_name AS role_name, p.is_primary, {_DATES}, {LINK_HOLDS} AS holds
    FROM history.roles AS p
    JOIN history.organisations AS v USING (ods_code, known_from)
    LEFT JOIN ord.code_systems AS c ON c.code_system = 'OrganisationRole' AND c.id = p.role_id
    WHERE p.ods_code = $code AND p.known_from = $version
    ORDER BY holds DESC, p.is_primary DESC, starts, p.unique_role_id
"""
_PARENTS = f"""
    SELECT p.rel_id, c.display_name AS rel_name, p.target_ods_code, n.name, {_DATES}, {LINK_HOLDS} AS holds
    FROM history.relationships AS p
    JOIN history.organisations AS v USING (ods_code, known_from)
    LEFT JOIN ord.code_systems AS c ON c.code_system = 'OrganisationRelationship' AND c.id = p.rel_id
    LEFT JOIN {_NAMES} AS n ON n.ods_code = p.target_ods_code
    WHERE p.ods_code = $code AND p.known_from = $version
    ORDER BY holds DESC, starts DESC, p.rel_id, p.target_ods_code, p.unique_rel_id
"""
# A succession may be on the record of the other side only. Where the days of both differ, the later counts.
_SUCCESSIONS = f"""
    SELECT s.succession_type, s.target_ods_code, n.name, max(s.legal_start) AS legal_start
    FROM (
        SELECT succession_type, target_ods_code, legal_start
        FROM history.successions
        WHERE ods_code = $code AND known_from = $version
        UNION ALL
        SELECT if(succession_type = 'Successor', 'Predecessor', 'Successor'), ods_code, legal_start
        FROM history.successions
        WHERE target_ods_code = $code AND ods_code <> $code
            AND if($known::DATE IS NULL, known_to IS NULL, holds_on(known_from, known_to, $known))
    ) AS s
    LEFT JOIN {_NAMES} AS n ON n.ods_code = s.target_ods_code
    GROUP BY ALL
    ORDER BY legal_start, s.succession_type, s.target_ods_code
"""
_CONTACTS = """
    SELECT contact_type, contact_value
    FROM history.contacts
    WHERE ods_code = $code AND known_from = $version
    ORDER BY contact_type, ordinal
"""
# On a day of the register, only events detected by then are known.
_EVENTS = """
    SELECT on_day, event, detail, related_code, related_name, seen_on
    FROM ods_history($code)
    WHERE $known::DATE IS NULL OR seen_on <= $known
"""
