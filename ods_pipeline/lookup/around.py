"""What is around an organisation: the area it is in, the organisations below it, and which code to use.

Lives here: the queries. Does not live here: the organisation itself (``card.py``), and wording of lines
(``card_text.py``).
"""

from dataclasses import asdict, dataclass
from datetime import date

import duckdb

from ods_pipeline.lookup.days import LINK_HOLDS, OPENNESS_OF_VERSION
from ods_pipeline.lookup.published import Row, query_rows

SHOWN_BELOW = 10


@dataclass(frozen=True)
class Below:
    """Which of the organisations below a code are named, and how many.

    Attributes:
        closed: Also those that are closed, deleted or no longer below it; they are counted always.
        shown: How many of each relationship; None is all.
        kind: Name and count only those that are of this kind today; None is any.
        open_only: Name and count only those that are open on the day.
    """

    closed: bool = False
    shown: int | None = SHOWN_BELOW
    kind: str | None = None
    open_only: bool = False


# Today's parents; those of a closed one are its last.
_AREA = """
    SELECT
        p.icb_code, i.name AS icb_name, p.icb_basis, p.icb_reason, p.region_code, r.name AS region_name,
        p.area_code, a.name AS area_name, coalesce(p.is_past, false) AS is_past,
        -- Nobody uses a code that is closed.
        CASE WHEN s.openness IN ('not_yet_open', 'open', 'closing') THEN which_code(s.ods_code, s.kind) END
            AS hint
    FROM marts.organisation_status AS s
    LEFT JOIN marts.organisation_parents AS p ON p.ods_code = s.ods_code
    LEFT JOIN ord.organisations AS i ON i.ods_code = p.icb_code
    LEFT JOIN ord.organisations AS r ON r.ods_code = p.region_code
    LEFT JOIN ord.organisations AS a ON a.ods_code = p.area_code
    WHERE s.ods_code = $code
"""
_AREA_ON = """
    SELECT
        h.icb_code, i.name AS icb_name, h.icb_basis, h.icb_reason, h.region_code, r.name AS region_name,
        h.area_code, a.name AS area_name, false AS is_past
    FROM marts.provider_hierarchy AS h
    LEFT JOIN ord.organisations AS i ON i.ods_code = h.icb_code
    LEFT JOIN ord.organisations AS r ON r.ods_code = h.region_code
    LEFT JOIN ord.organisations AS a ON a.ods_code = h.area_code
    WHERE h.ods_code = $code AND h.valid_from <= $day AND coalesce(h.valid_to > $day, true)
"""
# Links that have begun. One is past where it has ended, or its organisation is closed or deleted. The
# register as it is now no longer holds a deleted organisation: its last links count, up to its deletion.
_BELOW = f"""
    SELECT
        rel_name,
        count(*) FILTER (NOT is_past) AS organisations,
        count(*) FILTER (is_past) AS past,
        coalesce(
            list(
                struct_pack(ods_code := code, name, postcode, openness, is_past)
                ORDER BY is_past, code
            ) FILTER (NOT is_past OR $closed), []
        )[1:coalesce($shown::BIGINT, 1000000000)] AS named
    FROM (
        SELECT
            rel_name,
            code,
            bool_and(is_past) AS is_past,
            any_value(name) AS name,
            any_value(postcode) AS postcode,
            any_value(openness) AS openness
        FROM (
            SELECT
                coalesce(c.display_name, p.rel_id) AS rel_name,
                p.ods_code AS code,
                v.name,
                v.postcode,
                CASE WHEN d.deleted_on <= $day THEN 'deleted' ELSE {OPENNESS_OF_VERSION} END AS openness,
                NOT ({LINK_HOLDS}) OR openness IN ('legally_closed', 'closed', 'deleted') AS is_past
            FROM history.relationships AS p
            JOIN history.organisations AS v USING (ods_code, known_from)
            LEFT JOIN ord.code_systems AS c ON c.code_system = 'OrganisationRelationship' AND c.id = p.rel_id
            LEFT JOIN ord.deletions AS d
                ON d.ods_code = p.ods_code AND d.state = 'confirmed' AND $known::DATE IS NULL
            WHERE p.target_ods_code = $code
                AND coalesce(holds_from(p.operational_start, p.legal_start) <= $day, true)
                AND CASE
                    WHEN d.ods_code IS NOT NULL
                        THEN p.known_from = (
                            SELECT max(last.known_from)
                            FROM history.organisations AS last
                            WHERE last.ods_code = p.ods_code
                        )
                    WHEN $known::DATE IS NULL THEN p.known_to IS NULL
                    ELSE p.known_from <= $known AND coalesce(p.known_to > $known, true)
                END
                AND (
                    $kind::VARCHAR IS NULL
                    OR p.ods_code IN (SELECT ods_code FROM marts.organisation_status WHERE kind = $kind)
                )
        )
        WHERE NOT $open_only OR openness IN ('open', 'closing')
        GROUP BY rel_name, code
    )
    GROUP BY rel_name
    ORDER BY rel_name
"""


_CANDIDATES = """
    SELECT candidate_code AS ods_code, candidate_name AS name, reason, score, outcome
    FROM marts.successor_candidates
    WHERE old_code = $code
    ORDER BY score DESC, candidate_code
"""
# Open head offices of one kind at one postcode whose names begin with the same word, or with the same two if
# the first is one that many have. ODS records no groups. A code that begins with 8 is not the one to use for
# care, so the head offices of social care are offered for it.
_RELATED = """
    SELECT
        f.ods_code,
        f.name
    FROM marts.code_finder AS o
    JOIN marts.code_finder AS f
        ON f.kind = CASE WHEN o.kind = 'non_nhs_organisation' THEN 'social_care_provider' ELSE o.kind END
        AND f.postcode_key = o.postcode_key AND f.ods_code <> o.ods_code
        AND split_part(f.name_key, ' ', 1) = split_part(o.name_key, ' ', 1)
    WHERE o.ods_code = $code
        AND (
            o.kind IN ('pharmacy_hq', 'optical_hq', 'independent_provider', 'social_care_provider')
            OR (o.kind = 'non_nhs_organisation' AND starts_with(o.ods_code, '8'))
        )
        AND f.openness IN ('open', 'closing')
        AND (
            split_part(f.name_key, ' ', 2) = split_part(o.name_key, ' ', 2)
            OR NOT list_contains($common, split_part(o.name_key, ' ', 1))
        )
    ORDER BY f.name, f.ods_code
"""
_COMMON = [
    *("THE", "NEW", "OLD", "NORTH", "SOUTH", "EAST", "WEST", "ROYAL", "ST", "SAINT", "DR", "MR", "MRS"),
    *("CARE", "HOME", "HOMES", "HEALTH", "HEALTHCARE", "SUPPORT", "COMMUNITY", "LIVING", "SOCIAL", "NURSING"),
    *("PHARMACY", "CHEMIST", "OPTICAL", "OPTICIANS", "EYE", "MEDICAL", "DENTAL", "RESIDENTIAL", "SERVICES"),
]


def related_head_offices(connection: duckdb.DuckDBPyConnection, code: str) -> list[Row]:
    """Return ``ods_code, name`` of head offices that may belong to the group of this one: an inference."""
    return query_rows(connection, _RELATED, {"code": code, "common": _COMMON})


def successor_candidates(connection: duckdb.DuckDBPyConnection, code: str) -> list[Row]:
    """Return what may have replaced a closed code, where ODS records nothing: an inference, best first.

    Rows of ``ods_code, name, reason, score`` and ``outcome``, what became of a candidate that has closed too.
    """
    return query_rows(connection, _CANDIDATES, {"code": code})


def area_of(connection: duckdb.DuckDBPyConnection, code: str) -> Row:
    """Return the ICB with its basis, the region and the hint which code to use, as the marts have them today.

    A closed organisation has the last parents that it had (``is_past``). Where there is no ICB,
    ``icb_reason`` gives the reason; ``area_code`` is what ODS recorded before ICBs. Empty for a code that the
    marts do not have.
    """
    rows = query_rows(connection, _AREA, {"code": code})
    return rows[0] if rows else {}


def area_on(connection: duckdb.DuckDBPyConnection, code: str, day: date) -> Row:
    """Return the same for a day in the world, without the hint; empty if the marts have no row of it."""
    rows = query_rows(connection, _AREA_ON, {"code": code, "day": day})
    return rows[0] if rows else {}


def organisations_below(
    connection: duckdb.DuckDBPyConnection,
    code: str,
    day: date,
    known: date | None,
    which: Below,
) -> list[Row]:
    """Return the organisations that point at a code, one row per relationship.

    Args:
        connection: The published ods.duckdb.
        code: The ODS code as the register holds it.
        day: The day in the world.
        known: The day of the register; None is now.
        which: Which of them, and how many to name.

    Returns:
        Rows of ``rel_name, organisations, past, named``; each of ``named`` has ``ods_code, name, postcode``,
        the ``openness`` on the day, and ``is_past``.
    """
    return query_rows(connection, _BELOW, {"code": code, "day": day, "known": known, **asdict(which)})
