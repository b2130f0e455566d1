"""Whether the register holds a code, and if not, why, and what to do.

Lives here: the queries. Does not live here: the words, which are macros that ``ods_find`` uses too
(``marts/macros/words_codes.sql``).
"""

import re
import shlex

import duckdb

from ods_pipeline.errors import OdsError
from ods_pipeline.lookup.areas import area_in_words
from ods_pipeline.lookup.published import query_rows

_MISSING = """
    -- The key is a table of its own, as in finding.py.
    WITH typed AS MATERIALIZED (SELECT $code AS code, code_key($code) AS key),

    codes AS MATERIALIZED (SELECT code, key_form(key) AS form FROM typed)

    SELECT
        missing_in_words(
            q.rule,
            t.pointed_at_by,
            t.example_ods_code,
            why_not_held(c.form, c.as_of) || coalesce(': ' || default_meaning(c.code), '')
        ) AS reason,
        what_to_do(c.form) AS advice,
        c.form
    FROM (
        SELECT *, (SELECT coalesce(max(as_of), ods_today()) FROM ord.captures) AS as_of FROM codes
    ) AS c
    LEFT JOIN (
        SELECT ods_code, arg_max(rule, (capture_id, record_number)) AS rule
        FROM ord.quarantined_records
        GROUP BY ods_code
    ) AS q ON q.ods_code = c.code
    LEFT JOIN ord.unresolved_targets AS t ON t.target_ods_code = c.code
"""
# Texts that are not codes: what they are, and how they are looked up.
_LOOKED_UP = {
    "words": ("these are words, not a code", "Look for the name"),
    "postcode": ("this is a postcode, not a code", "List who is there"),
}
# What to do about a text of a form for which there is no public guidance.
_SPREADSHEET = "Take the code from the list that the spreadsheet was made of"
_OTHERWISE = {
    "blank": "Give a code",
    "default": "There is nothing to look up; leave it as it is",
    "statistical": "Look for an organisation of this area by its name: ods-pipeline find NAME",
    "number": _SPREADSHEET,
    "scientific": _SPREADSHEET,
    "date": _SPREADSHEET,
}
_CODES = """
    SELECT DISTINCT ods_code
    FROM history.organisations
    WHERE upper(ods_code) IN (upper($typed), typed_code($typed), translate(typed_code($typed), '-./_', ''))
    ORDER BY ods_code
"""


def held_code(connection: duckdb.DuckDBPyConnection, typed: str) -> str | None:
    """Return a code as the register holds it, or has held it; None if it never has.

    Case, spaces and punctuation do not matter, as in ``find``. Of codes that differ in case alone, the one
    that was typed.
    """
    codes = [row["ods_code"] for row in query_rows(connection, _CODES, {"typed": typed})]
    return typed if typed in codes else codes[0] if codes else None


def missing_error(connection: duckdb.DuckDBPyConnection, typed: str) -> OdsError:
    """Return the error for a code that the register has never held.

    Its reason is that of ``find`` for a code. What to do: the notice of its deletion, else the codes that
    ``find`` proposes, and the public guidance. A name or postcode is not a code, and was not looked for.
    """
    (key,) = query_rows(connection, "SELECT typed_code($typed) AS code", {"typed": typed})
    code = key["code"] or ""
    (missing,) = query_rows(connection, _MISSING, {"code": code})
    if missing["form"] in _LOOKED_UP:
        what, look_up = _LOOKED_UP[missing["form"]]
        return OdsError(what, where=typed, do=f"{look_up}: ods-pipeline find {shlex.quote(typed)}")
    notices = query_rows(
        connection, "SELECT deleted_on FROM ord.deletions WHERE ods_code = $code", {"code": code}
    )
    if notices:
        what = f"deleted on {notices[0]['deleted_on']}, according to a notice of ODS; no record of it is held"
        return OdsError(what, where=typed, do=f"See what it was: ods-pipeline find {shlex.quote(typed)}")
    answers = query_rows(
        connection, "SELECT match_kind, matched_by, ods_code FROM ods_find($typed)", {"typed": typed}
    )
    codes = [row["ods_code"] for row in answers if (row["matched_by"] or "").startswith("its code")]
    if codes and missing["form"] not in _OTHERWISE:  # several codes, or a code with words next to it
        named = f"one of the codes {', '.join(codes)}" if len(codes) > 1 else "the code alone"
        do = f"Give {named}: ods-pipeline show {codes[0]}"
        return OdsError("this is more than one code, or a code and words", where=typed, do=do)
    similar = [row["ods_code"] for row in answers if row["match_kind"] == "similar"]
    area = area_in_words(connection, code)
    similar = [] if area else similar  # a GSS code is not an ODS code with a typo
    by_other = any(row["match_kind"] in ("name", "postcode", "place") for row in answers)
    look_up = f"ods-pipeline find {shlex.quote(typed)}"
    parts = [
        area,
        f"Codes like it: {', '.join(similar)}" if similar else None,
        f"By name, town or postcode there are answers: {look_up}" if by_other else None,
        f"For a name: {look_up}" if not by_other and re.fullmatch("[A-Z]{4,}", code) else None,
        missing["advice"],
    ]
    advice = ". ".join(part for part in parts if part) or _OTHERWISE.get(missing["form"], "Check the code")
    reason = missing["reason"]
    return OdsError(reason[0].lower() + reason[1:], where=typed or "(no code)", do=advice)
