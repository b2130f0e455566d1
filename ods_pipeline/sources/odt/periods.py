"""Legal and Operational dates: FHIR's typed periods as the ``Date`` elements of an ORD record.

Lives here: three rules about dates. Does not live here: whose dates they are.

1. *Legal equal to Operational is dropped.* ODT repeats the Operational dates as Legal ones where ORD gives no
   Legal ones (81 % of records), so without this rule nearly every record would change on the day that the
   source does. ORD gives Legal dates only where they differ, so nothing is lost that ORD could give.
2. *Ends are inclusive*, as in ORD: 2020-03-31 is followed by 2020-04-01. No end means open.
3. *A date is the first ten characters.* Some lists have date-times at midnight UTC; shifting them into the
   zone of London would move a day in summer.
"""

from collections.abc import Mapping
from typing import Any

from ods_pipeline.sources.odt.fhir import Json, Notes, Rejected, by_url, day_of, part
from ods_pipeline.sources.odt.names import TYPED_PERIOD

OPERATIONAL, LEGAL = "Operational", "Legal"
# How often a record has both pairs, and how often they are equal. The second is expected to be over 80 %.
BOTH_PAIRS, EQUAL_PAIRS = "date_pairs", "legal_equals_operational"

# Type to its first and last day (ISO, both inclusive; the last is None while it is open).
Periods = dict[str, tuple[str | None, str | None]]


def dates_of(node: Json, where: str, notes: Notes) -> list[dict[str, Any]]:
    """Return the ``Date`` elements of a role, an affiliation or an organisation.

    Raises Rejected for a period without a start, and for two periods of one type.
    """
    periods: Periods = {}
    for extension in by_url(node, TYPED_PERIOD):
        kind, period = part(extension, "dateType"), part(extension, "period")
        name = kind.get("code") if isinstance(kind, Mapping) else None
        if name not in (OPERATIONAL, LEGAL) or not isinstance(period, Mapping):
            notes.note_unknown(f"{where}: period of type {name}")
            continue
        if name in periods:
            raise Rejected("odt_two_periods", f"{where} has two {name} periods")
        first, last = day_of(period.get("start")), day_of(period.get("end"))
        if any(len(str(moment)) > len("2026-01-01") for moment in period.values()):
            notes.note_rule("time_of_day_cut")
        if first is None:
            raise Rejected("odt_period_without_start", f"the {name} period of {where} has no start")
        periods[name] = first, last
    return as_dates(periods, notes)


def as_dates(periods: Periods, notes: Notes) -> list[dict[str, Any]]:
    """Typed periods as ``Date`` elements, without a Legal one that equals the Operational one (rule 1)."""
    periods = without_equal_legal(periods, notes)
    return [
        {"Type": name, "Start": first, **({"End": last} if last else {})}
        for name, (first, last) in sorted(periods.items(), reverse=True)
    ]


def without_equal_legal(periods: Periods, notes: Notes) -> Periods:
    """Rule 1."""
    if not {OPERATIONAL, LEGAL} <= periods.keys():
        return periods
    notes.note_rule(BOTH_PAIRS)
    if periods[OPERATIONAL] != periods[LEGAL]:
        return periods
    notes.note_rule(EQUAL_PAIRS)
    return {OPERATIONAL: periods[OPERATIONAL]}
