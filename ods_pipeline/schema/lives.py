"""The tables of what became of a code (DuckDB schema ``marts``): openness, successors, closures.

Days named ``*_on`` of a state are ODS's own, ends inclusive; every ``effective_on`` is the first day on which
the new state holds. Who belongs to whom stands in ``hierarchy.py``.
"""

from ods_pipeline.schema.base import Schema, day, flag, number, one_of, share, text, texts
from ods_pipeline.schema.marts import KINDS, OPENNESS

SUCCESSION_SOURCES = ("ods", "curated", "inferred")


class SuccessionEdges(Schema):
    """One row a code and a code that took its place, in one step. ODS records a succession on both sides,
    sometimes a day apart or on one side only: here it is one edge, with the later of the dates. Entries of a
    body that succeeds itself are left out. Curated edges are those of marts/overrides.csv."""

    old_code = text("The code that was succeeded.", key=True)
    new_code = text("The code that took its place.", key=True)
    effective_on = day("First day of the new state, the latest that any side gives.")
    days_apart = number(
        "Days between the earliest and the latest date given; 0 if they agree.", required=True
    )
    source = one_of(SUCCESSION_SOURCES[:2], "Who says so.")
    citation = text("Where a curated edge comes from.")


class OrganisationStatus(Schema):
    """One row a code, deleted ones (confirmed) included: whether it is open today, and why, in words.
    Active is not open: a record stays Active until all its dates have ended."""

    ods_code = text("The code.", key=True)
    name = text("Its name, the last one if it is gone.")
    kind = one_of(KINDS, "What it is, or was at the end.")
    openness = one_of(OPENNESS, "Whether it is open today.")
    is_archived = flag("Its record stands in the archive file of the release.")
    opens_on = day("First day in operation; legal start where there is no operational one.")
    closes_on = day(
        "Last day, inclusive: the legal end where there is one and it is past, else the operational end; if "
        "closing, the first end to come; of a deletion its day. Null: open, or closed without an end."
    )
    explanation = text("The same in words, with the immediate successors.", required=True)
    as_of = day("The day the row speaks for.", required=True)


class CodeCrosswalk(Schema):
    """One row a code and a code that followed it, in any number of steps; every code has its own row at 0
    hops, so that a join never loses one. Of several ways the shortest is told, then the first by its codes.
    Cycles end where a code would come again."""

    old_code = text("The code that may be out of date.", key=True)
    new_code = text("The code itself, or one that followed it.", key=True)
    hops = number("Successions from one to the other.", required=True)
    effective_on = day("First day of the new state, after the last of the steps; null at 0 hops.")
    path = texts("All codes on the way, both ends included.")
    is_split = flag("On the way some code has more than one successor: the new code has only a part of it.")
    is_merge = flag("On the way some code took the place of more than one.")
    is_terminal = flag(
        "No other code followed the new one; where codes follow each other in a circle, all are."
    )
    new_is_open = flag("The new code is open or closing today; false also if the register does not hold it.")
    source = one_of(
        SUCCESSION_SOURCES, "ods if ODS records every step, curated if one is from overrides.csv."
    )


class SuccessorCandidates(Schema):
    """One row a closed body without recorded succession and an open-looking body that may have taken its
    place. Inferred from place, name and dates, never a fact: ODS records successions for statutory bodies
    only, and practices, pharmacies and care homes mostly have none."""

    old_code = text("The closed code.", key=True)
    candidate_code = text("The code that may have taken its place.", key=True)
    kind = one_of(KINDS, "What both are.")
    old_name = text("Name of the closed body.")
    candidate_name = text("Name of the candidate.")
    closed_on = day("Last day of the closed body, inclusive.", required=True)
    opened_on = day("First day of the candidate.", required=True)
    days_between = number(
        "Days from the day after the one closed to the day the other opened.", required=True
    )
    same_uprn = flag("Both have the same UPRN.")
    same_postcode = flag("Both have the same postcode.")
    name_likeness = share("Likeness of the names (Jaro-Winkler), 0 to 1.")
    score = share("How good the case is, 0 to 1: place 0.6 or 0.4, name up to 0.25, dates up to 0.15.")
    reason = text("The same in words.", required=True)


class ClosedCodes(Schema):
    """One row a code that is closed in law or operation, or deleted: when, where it belonged at the end, and
    what took its place."""

    ods_code = text("The code.", key=True)
    name = text("Its last name.")
    kind = one_of(KINDS, "What it was.")
    primary_role_id = text("Its primary role.")
    primary_role_name = text("NHS name of the primary role.")
    openness = one_of(("legally_closed", "closed", "deleted"), "In which sense it is closed today.")
    closed_on = day(
        "Last day, inclusive: the legal end where there is one and it is past, else the operational end; "
        "of a deletion its day. Null if ODS gives none."
    )
    legal_end = day("Last day in law, inclusive.")
    operational_end = day("Last day in operation, inclusive.")
    recorded_on = day("LastChangeDate of the record, or the day of the deletion.")
    successor_codes = texts("Immediate successors, in order of code.")
    successor_count = number("How many immediate successors.", required=True)
    terminal_codes = texts("Where the successions end, in order of code; empty if there is none.")
    last_provider_code = text("Its provider in the last row of provider_hierarchy that has begun.")
    last_icb_code = text("The last ICB it had.")
    candidate_codes = texts("Inferred only: successor_candidates, the best first.")
    explanation = text("The same in words.", required=True)
