"""A code that the register does not hold: why, and what to do.

What lives here: the queries. What does not: the words, which are macros that ``ods_find`` uses too
(``marts/macros/words_codes.sql``).
"""

import duckdb

from ods_pipeline.errors import OdsError
from ods_pipeline.lookup.areas import area_in_words
from ods_pipeline.lookup.published import query_rows

_MISSING = """
    SELECT
        missing_in_words(
            q.rule, t.pointed_at_by, t.example_ods_code, why_not_found(code_form(c.code), c.code, c.as_of)
        ) AS reason,
        what_to_do(code_form(c.code)) AS advice
    FROM (SELECT $code AS code, coalesce(max(as_of), ods_today()) AS as_of FROM ord.captures) AS c
    LEFT JOIN (
        SELECT ods_code, arg_max(rule, capture_id) AS rule FROM ord.quarantined_records GROUP BY ods_code
    ) AS q ON q.ods_code = c.code
    LEFT JOIN ord.unresolved_targets AS t ON t.target_ods_code = c.code
"""
_SIMILAR = """
    SELECT DISTINCT ods_code
    FROM history.organisations
    WHERE damerau_levenshtein(ods_code, $code) = 1
    ORDER BY ods_code
    LIMIT 5
"""


def missing_error(connection: duckdb.DuckDBPyConnection, code: str) -> OdsError:
    """Return the error for a code that the register has never held.

    Its reason is that of ``find``. What to do: the notice of its deletion, else codes that differ in one
    character and the public guidance.
    """
    (missing,) = query_rows(connection, _MISSING, {"code": code})
    notices = query_rows(
        connection, "SELECT deleted_on FROM ord.deletions WHERE ods_code = $code", {"code": code}
    )
    similar = [row["ods_code"] for row in query_rows(connection, _SIMILAR, {"code": code})]
    if notices:
        advice = f"A notice says that it was deleted on {notices[0]['deleted_on']}"
    else:
        area = area_in_words(connection, code)
        similar = [] if area else similar  # a GSS code is no ODS code with a typo
        parts = [area, f"Codes like it: {', '.join(similar)}" if similar else None, missing["advice"]]
        advice = ". ".join(part for part in parts if part) or "Check the code, or look for it with find"
    reason = missing["reason"]
    return OdsError(reason[0].lower() + reason[1:], where=code or "(no code)", do=advice)
