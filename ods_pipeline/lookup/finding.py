"""Organisations found by code, postcode, town or words of the name, and the lines that describe them.

Lives here: the call of ``ods_find`` and the wording of its rows. Does not live here: how organisations are
matched and ranked (``marts/macros/ods_find.sql``).
"""

from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from ods_pipeline.lookup.areas import area_in_words
from ods_pipeline.lookup.published import Row, query_rows

_INDENT = " " * 11
_CLOSED = ("legally_closed", "closed", "deleted")
# The columns of an answer, in the order of a CSV file.
COLUMNS = (
    "match_kind",
    "matched_by",
    "ods_code",
    "name",
    "kind",
    "openness",
    "opened_on",
    "closed_on",
    "replaced_by",
    "candidate_codes",
    "address",
    "postcode",
    "country",
    "hq_code",
    "hq_name",
    "site_count",
    "icb_code",
    "icb_name",
    "icb_basis",
    "icb_reason",
    "region_code",
    "region_name",
    "parents_are_past",
    "explanation",
)
# How the register gives the ICB of an organisation, in words.
_BASES = {
    "commissioner": "by its commissioner",
    "partner": "as a partner",
    "geography": "by its geography",
    "postcode": "by its postcode",
    "self": "itself",
}
# Why there is no ICB, where more than "none is stated" is known.
_NO_ICB = {
    "commissioned_by_hub": "no ICB: a commissioning hub commissions it",
    "commissioned_by_other": "no ICB: no ICB commissions it",
    "outside_england": "no ICB: outside England",
    "head_office": "no ICB: ODS states none for head offices",
    "parent_has_none": "no ICB: its sub-ICB location has none",
    "before_areas": "no ICB: ODS began to record them in April 2020",
}
# How a deletion is known, by the source of its notice.
DELETIONS = {
    "ord_notifications": "ODS has published a notice of it",
    "odt_deletion_list": "it is in the list of deletions of ODT",
    "absent_from_release": "a release no longer has it",
    "gone_from_api": "the API no longer gives its record",
}
# How many ods_find ranks: by itself, and at most.
_USUAL = 200
_ALL = 2_000_000_000
_FIND = """
    -- The form of the text as a code. Its key is a table of its own: DuckDB would copy the expression
    -- behind it to each of the dozen patterns of key_form, and planning would take five times as long.
    WITH typed AS MATERIALIZED (SELECT typed_code($text) AS key),

    forms AS MATERIALIZED (SELECT key_form(key) AS form FROM typed),

    answers AS MATERIALIZED (
        SELECT *, row_number() OVER () AS place
        FROM ods_find($text, rows_wanted := $wanted)
    ),

    kept AS MATERIALIZED (
        FROM answers
        WHERE match_kind IN ('none', 'similar') OR (
            coalesce(kind = $kind, $kind::VARCHAR IS NULL) AND (NOT $open OR openness IN ('open', 'closing'))
        )
    ),

    shown AS (FROM kept ORDER BY place LIMIT $limit),

    -- A code may have been replaced by one that has closed since, and by no other.
    ends AS (
        SELECT
            k.ods_code,
            ends_in_words(
                string_agg(f.ods_code, ', ' ORDER BY f.ods_code)
                    FILTER (WHERE coalesce(f.closed_on > ods_today(), true)),
                string_agg(f.ods_code || ', closed on ' || f.closed_on, ' and ' ORDER BY f.ods_code)
                    FILTER (WHERE f.closed_on <= ods_today())
            ) AS words
        FROM (SELECT ods_code, unnest(replaced_by) AS end_code FROM shown) AS k
        JOIN marts.code_finder AS f ON f.ods_code = k.end_code
        GROUP BY k.ods_code
    )

    SELECT
        k.*,
        e.words AS ends_words,
        o.country,
        -- Nobody uses a code that is closed.
        CASE WHEN k.openness IN ('not_yet_open', 'open', 'closing') THEN which_code(k.ods_code, k.kind) END
            AS hint,
        CASE WHEN k.match_kind = 'none' THEN what_to_do(t.form) END AS advice,
        t.form = 'statistical' AS is_statistical,
        (SELECT count(*) FROM answers) AS answers,
        (SELECT count(*) FROM kept) AS kept
    FROM shown AS k
    CROSS JOIN forms AS t
    LEFT JOIN ends AS e ON e.ods_code = k.ods_code
    LEFT JOIN ord.organisations AS o ON o.ods_code = k.ods_code
    ORDER BY k.place
"""
# A query of its own: with more joins DuckDB plans the look-up for a third longer.
_ABOVE = """
    WITH found AS (SELECT unnest($codes::VARCHAR[]) AS ods_code),

    above AS MATERIALIZED (
        SELECT f.ods_code, p.* EXCLUDE (ods_code)
        FROM found AS f
        LEFT JOIN marts.organisation_parents AS p ON p.ods_code = f.ods_code
    ),

    -- One inner join reads few rows; a LEFT JOIN for each name would read all names.
    names AS MATERIALIZED (
        SELECT o.ods_code, o.name
        FROM (SELECT DISTINCT unnest([icb_code, region_code, area_code]) AS ods_code FROM above) AS n
        JOIN ord.organisations AS o ON o.ods_code = n.ods_code
    )

    SELECT
        p.ods_code,
        p.icb_code,
        i.name AS icb_name,
        p.icb_basis,
        p.icb_reason,
        p.region_code,
        r.name AS region_name,
        p.area_code,
        a.name AS area_name,
        p.is_past AS parents_are_past,
        d.deleted_on AS doubted_on,
        d.source AS doubted_by
    FROM above AS p
    LEFT JOIN names AS i ON i.ods_code = p.icb_code
    LEFT JOIN names AS r ON r.ods_code = p.region_code
    LEFT JOIN names AS a ON a.ods_code = p.area_code
    LEFT JOIN ord.deletions AS d ON d.ods_code = p.ods_code AND d.state = 'unconfirmed'
"""


@dataclass(frozen=True)
class Answer:
    """What ``find_organisations`` returns.

    Attributes:
        rows: The organisations, best first. If nothing matches, the first row has the match_kind ``none`` and
            its reason, and codes like the text may follow (match_kind ``similar``).
        matches: How many there are in all, with those beyond the limit.
        has_more: Whether there may be more than ``matches``: a look-up does not rank all of many thousands.
        left_out: How many match if none of them is of the kind, or open, as requested; else 0.
    """

    rows: list[Row]
    matches: int
    left_out: int
    has_more: bool = False


def find_organisations(
    connection: duckdb.DuckDBPyConnection,
    text: str,
    *,
    kind: str | None = None,
    open_only: bool = False,
    limit: int | None = None,
) -> Answer:
    """Return what ``ods_find`` returns for a text, with country, ICB, region and a deletion not confirmed.

    A closed organisation has the last ICB and region that it had (``parents_are_past``).

    Args:
        connection: The published ods.duckdb.
        text: A code, a postcode or its first part, words of a name, a town, or several of these.
        kind: Only organisations of this kind.
        open_only: Only organisations that are open.
        limit: How many rows at most; None is all.
    """
    # Kind and openness choose among all that match; without them, a little more than is printed is enough.
    wanted = _ALL if limit is None or kind or open_only else max(limit + 1, _USUAL)
    values = {"text": text, "kind": kind, "open": open_only, "limit": limit, "wanted": wanted}
    rows = query_rows(connection, _FIND, values)
    above = query_rows(connection, _ABOVE, {"codes": [row["ods_code"] for row in rows]})
    by_code = {each["ods_code"]: each for each in above}
    rows = [row | by_code[row["ods_code"]] for row in rows]
    if rows and rows[0]["match_kind"] == "none" and rows[0]["is_statistical"]:
        rows[0]["advice"] = area_in_words(connection, rows[0]["ods_code"])
    if rows:
        return Answer(rows, rows[0]["kept"], 0, rows[0]["answers"] >= wanted)
    sql = "SELECT count(*) FROM ods_find(?, rows_wanted := ?)"
    ((answers,),) = connection.execute(sql, [text, wanted]).fetchall()
    return Answer([], 0, answers)


def is_match(row: Row) -> bool:
    """Return whether a row is what was looked for, and not a reason or a similar code."""
    return row["match_kind"] not in ("none", "similar")


def describe_match(row: Row, typed: str = "") -> list[str]:
    """Return the lines for one organisation: what it is, whether it is open, where it is, who runs it.

    ``typed`` is what was looked for, and is put in front of the reason if nothing is found.
    """
    if row["match_kind"] == "none":
        advice = [_INDENT + row["advice"]] if row.get("advice") else []
        return [f"{typed.strip() or row['ods_code'] or '(nothing)'}: {row['explanation']}", *advice]
    likely = "perhaps " if row["match_kind"] == "similar" else ""
    details = [row["explanation"]]
    if row.get("doubted_on"):
        details.append(_unconfirmed(row["doubted_on"], row["doubted_by"]))
    if row["openness"] in _CLOSED:
        details += [row["ends_words"]] if row["ends_words"] else []
        if row["candidate_codes"]:
            details.append(f"perhaps now {', '.join(row['candidate_codes'])}")
    country = row.get("country") if row.get("country") not in (None, "ENGLAND") else None
    place = ", ".join(part for part in (row["address"], row["postcode"], country) if part)
    if place:
        details.append(place)
    if row["hq_code"]:
        was = "was " if row["openness"] in ("closed", "deleted") else ""
        details.append(f"{was}run by {row['hq_code']} {row['hq_name'] or ''}".rstrip())
    if row["site_count"]:
        details.append(f"runs {row['site_count']:,} open organisation{'s' if row['site_count'] > 1 else ''}")
    details += area_lines(row)
    if row.get("hint"):
        details.append(row["hint"])
    if row.get("matched_by") not in (None, "its code", "a code like this"):
        details.append(f"found by {row['matched_by']}")
    heading = f"{likely}{row['ods_code']:<10} {row['name'] or '(no name held)'} ({row['kind']})"
    return [heading, *(_INDENT + detail for detail in details)]


def doubt_in_words(deleted_on: date, source: str) -> str:
    """Return a deletion that is not confirmed as a sentence without its stop."""
    return f"It may be deleted since {deleted_on} ({DELETIONS.get(source, source)})"


def doubts_by_code(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Return ``ods_code, words`` of the codes whose deletion is not confirmed, in the words of ``find``."""
    sql = "SELECT ods_code, deleted_on, source FROM ord.deletions WHERE state = 'unconfirmed'"
    rows = [(code, _unconfirmed(day, source)) for code, day, source in connection.sql(sql).fetchall()]
    return pl.DataFrame(rows, {"ods_code": pl.String, "words": pl.String}, orient="row")


def _unconfirmed(deleted_on: date, source: str) -> str:
    return f"{doubt_in_words(deleted_on, source)}; nothing has confirmed it"


def area_lines(row: Row) -> list[str]:
    """Return a line with the ICB, how the register gives it, and the region; none if nothing is known.

    Where there is no ICB the reason takes its place, and what ODS recorded before ICBs follows. The line of
    a closed organisation has its last ones, and says so.
    """
    parts = []
    if row.get("icb_code"):
        basis = _BASES.get(row["icb_basis"], row["icb_basis"])
        # ODS states the ICB of a sub-ICB location by geography (RE5), or as what it is a part of (RE2).
        if row.get("kind") == "sub_icb" and row["icb_basis"] == "commissioner":
            basis = "as its sub-ICB location"
        parts.append(_named(row, "icb", "ICB ") + (f" ({basis})" if basis else ""))
    elif reason := _NO_ICB.get(row.get("icb_reason") or ""):
        parts.append(reason)
    if row.get("area_code"):
        parts.append(_named(row, "area") + " (local office or health authority)")
    if row.get("region_code"):
        parts.append(_named(row, "region", "region "))
    past = "last: " if row.get("parents_are_past") or row.get("is_past") else ""
    return [past + (", " if row.get("icb_code") else "; ").join(parts)] if parts else []


def _named(row: Row, level: str, label: str = "") -> str:
    return f"{label}{row[f'{level}_code']} {row[f'{level}_name'] or ''}".rstrip()
