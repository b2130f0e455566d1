"""Values that several marts share. The marts are in ``hierarchy.py``, ``lives.py`` and ``named.py``."""

import csv
from importlib import resources

OPENNESS = ("not_yet_open", "open", "closing", "legally_closed", "closed", "deleted")
ICB_BASES = ("commissioner", "partner", "geography", "self", "postcode")
# Why an organisation has no sub-ICB location, ICB or region, in the order in which they are looked for.
NO_PARENT = (
    "commissioned_by_hub",
    "commissioned_by_icb",
    "outside_england",
    "before_areas",
    "target_unknown",
    "parent_has_none",
    "commissioned_by_other",
    "head_office",
    "none_stated",
)
NO_PARENT_MEANS = (
    "commissioned_by_hub: a commissioning hub commissions it; commissioned_by_icb: an ICB commissions it "
    "directly; outside_england: it lies in another country; before_areas: it closed before April 2020, when "
    "ODS began to record ICBs, or the row ends before; target_unknown: its link points at a code that is not "
    "held; parent_has_none: its sub-ICB location has none; commissioned_by_other: a PCT, trust or other "
    "provider commissions it; head_office: it runs others and nobody commissions it; none_stated: ODS states "
    "none."
)


def _kinds() -> tuple[str, ...]:
    rules = resources.files("ods_pipeline.marts").joinpath("rules/kinds.csv").read_text(encoding="utf-8")
    return tuple(dict.fromkeys(row["kind"] for row in csv.DictReader(rules.splitlines())))


# Every kind of organisation, in the order of marts/rules/kinds.csv.
KINDS = _kinds()
