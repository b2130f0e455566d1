"""What `ods-pipeline show` tells of a code: its record on a day, as the register stood on a day.

What lives here: the questions to the published set. What does not: how the card looks (``show.py``).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from ods_pipeline.errors import OdsError

Row = dict[str, Any]
SITES_SHOWN = 10


@dataclass(frozen=True)
class Card:
    """A body on ``day``, as the register stood on ``known`` (None: as it stands).

    ``record`` is its version, with ``primary_role_name, openness, explanation`` and ``doubt`` (or None).
    ``roles``, ``parents``, ``successions`` and ``contacts`` are those of the version, ``holds`` where they
    hold on the day; ``below`` counts the bodies that point at it, by relationship, with the first of them;
    ``life`` is one line an event.
    """

    record: Row
    day: date
    known: date | None
    roles: list[Row]
    parents: list[Row]
    successions: list[Row]
    contacts: list[Row]
    below: list[Row]
    life: list[Row]


def card_of(connection: duckdb.DuckDBPyConnection, code: str, as_of: date | None, known: date | None) -> Card:
    """The card of a code. Raises OdsError if the register has never held it, or did not on ``known``."""
    record = _version(connection, code.strip().upper(), known)
    day = as_of or known or _rows(connection, "SELECT ods_today() AS day")[0]["day"]
    asked = {"code": record["ods_code"], "version": record["known_from"], "day": day, "known": known}
    first_day = "holds_from(operational_start, legal_start)"
    openness = f"openness_on(status, legal_end, {first_day}, operational_end, $day)"
    (judged,) = _rows(
        connection,
        f"SELECT {openness} AS openness FROM history.organisations "
        "WHERE ods_code = $code AND known_from = $version",
        asked,
    )
    record |= judged
    record["doubt"] = _doubt(connection, record)
    record["explanation"] = _explanation(connection, record, as_of, known, day)
    return Card(
        record=record,
        day=day,
        known=known,
        roles=_rows(connection, _ROLES, asked),
        parents=_rows(connection, _PARENTS, asked),
        successions=_rows(connection, _SUCCESSIONS, asked),
        contacts=_rows(connection, _CONTACTS, asked),
        below=_rows(connection, _BELOW, {**asked, "shown": SITES_SHOWN}),
        life=_rows(connection, _LIFE, asked),
    )


def _version(connection: duckdb.DuckDBPyConnection, code: str, known: date | None) -> Row:
    versions = _rows(connection, _VERSIONS, {"code": code})
    if not versions:
        raise OdsError(
            "the register has never held this code", where=code or "(no code)", do=_nearest(connection, code)
        )
    if known is None:
        return versions[-1]
    (first,) = _rows(connection, "SELECT min(as_of) AS day FROM ord.captures WHERE kind = 'full'")
    if known < first["day"]:
        raise OdsError(
            f"nothing is known of the register before {first['day']}, the day of the first release held",
            where=known,
            do="Give --known that day or a later one; --as-of asks what was true in the world",
        )
    standing = [
        v for v in versions if v["known_from"] <= known and (v["known_to"] is None or v["known_to"] > known)
    ]
    if not standing:
        spans = ", ".join(f"{v['known_from']} to {v['known_to'] or 'now'}" for v in versions)
        raise OdsError(f"the register did not hold it on {known} (it did from {spans})", where=code)
    return standing[-1]


def _nearest(connection: duckdb.DuckDBPyConnection, code: str) -> str:
    """What the person may have meant."""
    near = _rows(
        connection,
        "SELECT DISTINCT ods_code FROM history.organisations WHERE damerau_levenshtein(ods_code, $code) = 1 "
        "ORDER BY ods_code LIMIT 5",
        {"code": code},
    )
    noticed = _rows(
        connection,
        "SELECT deleted_on FROM ord.deletions WHERE ods_code = $code",
        {"code": code},
    )
    if noticed:
        return f"A notice says that it was deleted on {noticed[0]['deleted_on']}"
    if near:
        return f"Codes like it: {', '.join(row['ods_code'] for row in near)}"
    return "Check the code; ODS codes have letters and digits only"


def _doubt(connection: duckdb.DuckDBPyConnection, record: Row) -> str | None:
    """A deletion that nothing has confirmed yet."""
    told = _rows(
        connection,
        "SELECT deleted_on, source FROM ord.deletions WHERE ods_code = $code AND state = 'unconfirmed'",
        {"code": record["ods_code"]},
    )
    return f"It may be deleted since {told[0]['deleted_on']} ({told[0]['source']})" if told else None


def _explanation(
    connection: duckdb.DuckDBPyConnection, record: Row, as_of: date | None, known: date | None, day: date
) -> str:
    """Why the body is open or not on ``day``: today's in the words of ``organisation_status``. A code that
    is deleted is said to be, unless that was not known on the day of the register."""
    asked = {"code": record["ods_code"]}
    if not as_of and not known:
        (told,) = _rows(
            connection, "SELECT explanation FROM marts.organisation_status WHERE ods_code = $code", asked
        )
        return told["explanation"]
    end, legal_end = record["operational_end"], record["legal_end"]
    last = min((d for d in (end, legal_end) if d and d >= day), default=None)
    words = {
        "not_yet_open": f"Not open yet on {day}: opens on "
        f"{record['operational_start'] or record['legal_start']}",
        "open": f"Open on {day}",
        "closing": f"Open on {day}; its last day is {last}",
        "legally_closed": f"{record['status']}, but legally closed: its last day in law was {legal_end}; the "
        f"record stays Active until its operational end, and ODS gives {end or 'none'}",
        "closed": f"Closed: its last day was {end}" if end else "Closed (Inactive); ODS gives no end date",
    }
    by_dates = words[record["openness"]]
    confirmed = "SELECT deleted_on FROM ord.deletions WHERE ods_code = $code AND state = 'confirmed'"
    deleted = _rows(connection, confirmed, asked)
    if known or not deleted:
        return by_dates
    deleted_on = deleted[0]["deleted_on"]
    if deleted_on <= day:
        return f"Deleted from the register on {deleted_on}"
    return f"{by_dates}; deleted from the register on {deleted_on}"


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, asked: Row | None = None) -> list[Row]:
    wanted = {name: value for name, value in (asked or {}).items() if f"${name}" in sql}
    found = connection.execute(sql, wanted)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, values, strict=True)) for values in found.fetchall()]


_VERSIONS = """
    SELECT v.*, c.display_name AS primary_role_name
    FROM history.organisations AS v
    LEFT JOIN ord.code_systems AS c ON c.code_system = 'OrganisationRole' AND c.id = v.primary_role_id
    WHERE v.ods_code = $code
    ORDER BY v.known_from
"""
# A role or link holds for its days as the marts tell them (holds_from, holds_to); on the card of a day of the
# register the stamp that was known then stands in for LastChangeDate. An end that is inferred is not shown.
_HOLDS = """
    coalesce(holds_from(p.operational_start, p.legal_start) <= $day, true)
    AND coalesce(
        holds_to(
            p.status, p.operational_start, p.operational_end, p.legal_end,
            CASE WHEN $known::DATE IS NULL THEN v.last_change_date ELSE v.stamped_on END
        ) > $day,
        true
    )
"""
_DATES = """
    holds_from(p.operational_start, p.legal_start) AS starts,
    coalesce(
        holds_to(p.status, p.operational_start, p.operational_end, p.legal_end, NULL::DATE) - 1,
        p.operational_end
    ) AS ends
"""
_NAMES = "(SELECT ods_code, arg_max(name, known_from) AS name FROM history.organisations GROUP BY ods_code)"
_ROLES = f"""
    SELECT p.role_id, c.display_name AS role_name, p.is_primary, {_DATES}, {_HOLDS} AS holds
    FROM history.roles AS p
    JOIN history.organisations AS v USING (ods_code, known_from)
    LEFT JOIN ord.code_systems AS c ON c.code_system = 'OrganisationRole' AND c.id = p.role_id
    WHERE p.ods_code = $code AND p.known_from = $version
    ORDER BY holds DESC, p.is_primary DESC, starts, p.unique_role_id
"""
_PARENTS = f"""
    SELECT p.rel_id, c.display_name AS rel_name, p.target_ods_code, n.name, {_DATES}, {_HOLDS} AS holds
    FROM history.relationships AS p
    JOIN history.organisations AS v USING (ods_code, known_from)
    LEFT JOIN ord.code_systems AS c ON c.code_system = 'OrganisationRelationship' AND c.id = p.rel_id
    LEFT JOIN {_NAMES} AS n ON n.ods_code = p.target_ods_code
    WHERE p.ods_code = $code AND p.known_from = $version
    ORDER BY holds DESC, starts DESC, p.rel_id, p.target_ods_code, p.unique_rel_id
"""
_SUCCESSIONS = f"""
    SELECT s.succession_type, s.target_ods_code, n.name, s.legal_start
    FROM history.successions AS s
    LEFT JOIN {_NAMES} AS n ON n.ods_code = s.target_ods_code
    WHERE s.ods_code = $code AND s.known_from = $version
    ORDER BY s.legal_start, s.succession_type, s.target_ods_code
"""
_CONTACTS = """
    SELECT contact_type, contact_value
    FROM history.contacts
    WHERE ods_code = $code AND known_from = $version
    ORDER BY contact_type, ordinal
"""
_BELOW = f"""
    SELECT rel_name, count(*) AS bodies, list(code || ' ' || name ORDER BY code)[1:$shown] AS first_ones
    FROM (
        SELECT DISTINCT coalesce(c.display_name, p.rel_id) AS rel_name, p.ods_code AS code, v.name
        FROM history.relationships AS p
        JOIN history.organisations AS v USING (ods_code, known_from)
        LEFT JOIN ord.code_systems AS c ON c.code_system = 'OrganisationRelationship' AND c.id = p.rel_id
        WHERE p.target_ods_code = $code AND {_HOLDS}
            AND CASE
                WHEN $known::DATE IS NULL THEN p.known_to IS NULL
                ELSE p.known_from <= $known AND coalesce(p.known_to > $known, true)
            END
    )
    GROUP BY rel_name
    ORDER BY rel_name
"""
# As the register stood on a day, only what had been seen by then can be told.
_LIFE = """
    SELECT on_day, event, detail, related_code, related_name, seen_on
    FROM ods_history($code)
    WHERE $known::DATE IS NULL OR seen_on <= $known
"""
