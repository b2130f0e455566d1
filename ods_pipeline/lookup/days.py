"""Parts of queries: what holds on ``$day``, in the register as it was on ``$known`` (null: as it is now).

Lives here: SQL over a version ``v`` of the history and a role or relationship ``p`` of it. Does not live
here: whole queries.
"""

# On the card of a day of the register, the stamp that was known then replaces LastChangeDate.
_STAMP = "CASE WHEN $known::DATE IS NULL THEN v.last_change_date ELSE v.stamped_on END"
OPENNESS_OF_VERSION = f"""
    openness_of(
        v.status, v.operational_start, v.legal_start, v.operational_end, v.legal_end, {_STAMP}, $day
    )
"""
# A role or relationship holds on the days that the marts give it (holds_from, holds_to).
LINK_HOLDS = f"""
    coalesce(holds_from(p.operational_start, p.legal_start) <= $day, true)
    AND coalesce(
        holds_to(
            p.status, p.operational_start, p.legal_start, p.operational_end, p.legal_end, {_STAMP}
        ) > $day,
        true
    )
"""
