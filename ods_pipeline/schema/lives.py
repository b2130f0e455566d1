"""The tables of what became of a code (DuckDB schema ``marts``): openness, successors, closures.

Ends such as ``closed_on`` and ``closes_on`` are ODS's own days, inclusive. ``effective_on`` is the first day
on which the new state holds. Does not live here: who belongs to whom (``hierarchy.py``).
"""

from ods_pipeline.schema.base import Schema, day, flag, number, one_of, share, text, texts
from ods_pipeline.schema.marts import KINDS, OPENNESS

SUCCESSION_SOURCES = ("ods", "curated", "inferred")


class SuccessionEdges(Schema):
    """One row per code and code that directly took its place.

    ODS records a succession on both sides, sometimes a day apart and sometimes on one side only. Here it is
    one row with the later date. An organisation that succeeds itself is left out. Curated rows come from
    marts/rules/overrides.csv.
    """

    old_code = text("The code that was succeeded.", key=True)
    new_code = text("The code that took the place of old_code.", key=True)
    effective_on = day("First day of the new state: the latest date that either side gives.")
    days_apart = number(
        "Days between the earliest and the latest date given; 0 if they agree.", required=True
    )
    source = one_of(SUCCESSION_SOURCES[:2], "ods if ODS records it, curated if we added it.")
    citation = text("The source of a curated row.")


class OrganisationStatus(Schema):
    """One row per code, including confirmed deletions: whether it is open today, and why.

    Active is not open: a record stays Active until all its date types have ended.
    """

    ods_code = text("The ODS code.", key=True)
    name = text("Name of the organisation; the last name if the organisation is gone.")
    kind = one_of(KINDS, "Kind of the organisation today, or at its end.")
    openness = one_of(OPENNESS, "Whether the organisation is open today.")
    is_archived = flag("True if the record is in the archive file of the release.")
    opens_on = day("Operational start date, otherwise the legal one.")
    closes_on = day(
        "Last day, inclusive: the legal end if there is one and it has passed, otherwise the operational "
        "end. If the organisation is closing or not yet open, the first of its ends. If it is deleted, the "
        "day of the deletion. Null: open, or closed, or closing by its status, without a published end."
    )
    in_law_from = day(
        "Legal start, if it is still ahead and the organisation operates, or is announced to, before it: "
        "until then it is proposed, in the word of ODS. Null for all others."
    )
    succeeded_on = day(
        "First day on which a recorded successor has taken its place although it is not closed: a "
        "contradiction of the register. Null for all others."
    )
    explanation = text("The status and its days in words, with the immediate successors.", required=True)
    as_of = day("The day that the row is true for.", required=True)


class CodeCrosswalk(Schema):
    """One row per code and code that followed it, in any number of steps.

    Every code also has its own row at 0 hops, so that a join never loses a code. If there are several paths,
    the shortest is given, and among equally short ones the first in order of its codes. A path that has begun
    comes before any with a step that is announced, so an announced succession has no row of its own if a path
    that has begun leads to the same code. From its day on it is the shortest path, and effective_on is that
    day. succession_edges has every succession. A path in a cycle ends before a code would repeat.
    """

    old_code = text("The code that may be out of date.", key=True)
    new_code = text("The same code, or one that followed it.", key=True)
    hops = number("Number of successions from the old code to the new one.", required=True)
    effective_on = day(
        "First day on which all steps of the path hold: ahead of today if one of them is announced. Null at "
        "0 hops, and if ODS gives no day."
    )
    path = texts("All codes on the path, both ends included.")
    is_split = flag(
        "True if some code on the path has more than one successor: the new code has only part of it."
    )
    is_merge = flag("True if some code on the path took the place of more than one.")
    is_terminal = flag(
        "True if the old code leads to the new one today, and no other code has followed that. A succession "
        "that is announced counts from its day on. If codes follow each other in a cycle, all are terminal."
    )
    new_is_open = flag(
        "True if the new code is open or closing today. False also if the register does not hold it."
    )
    source = one_of(
        SUCCESSION_SOURCES,
        "ods if ODS records every step, curated if a step comes from marts/rules/overrides.csv.",
    )


class SuccessorCandidates(Schema):
    """One row per closed organisation without a recorded succession and candidate that may have replaced it.

    Candidates are inferred from place, name and dates and are never facts. A candidate was open after the old
    code had closed, so no two codes are candidates of each other. It may have closed since: now_codes shows
    where the trail ends. ODS records successions for statutory organisations only: most practices, pharmacies
    and care homes have none. A code that is Inactive without any end has no candidate: its last day is not
    known, and its stamp is the day of its last change of any kind.

    The score adds up three parts. Place: 0.5 for the same UPRN, 0.45 for the same postcode and first address
    line, 0.3 for the same postcode alone. Name: 0.25 times its likeness. Days: 0.25 if the candidate opened
    within a week of the day after; 0.05 to 0.15 within half a year; 0.05 if both were open for longer. Read
    0.9 and more as place, name and days agreeing; about 0.8 as a change of name or of hands at the same
    place; below 0.7 look at both records. On composed registers with planted truths all pairs of 0.9 and more
    are right, about 99 % of those from 0.8, about 92 % of those from 0.7, and few below. A pair more than 0.2
    below the best pair of either code is left out. The same name alone, where both were open for longer, has
    to have a word of its own, or stand at the same UPRN or address: many are called THE SURGERY.
    """

    old_code = text("The closed code.", key=True)
    candidate_code = text("The code that may have taken the place of the closed one.", key=True)
    kind = one_of(KINDS, "What kind of organisation both are.")
    old_name = text("Name of the closed organisation.")
    candidate_name = text("Name of the candidate.")
    closed_on = day(
        "Last day of the closed organisation, inclusive: its legal or its operational end, whichever makes "
        "the better case.",
        required=True,
    )
    opened_on = day("First day of the candidate.", required=True)
    days_between = number(
        "Days from the day after closed_on to opened_on: 0 if the candidate opened the day after, negative "
        "if it opened earlier.",
        required=True,
    )
    same_uprn = flag("True if both have the same UPRN.")
    same_postcode = flag("True if both have the same postcode.")
    same_first_line = flag(
        "True if both have the same postcode and the same first address line. HIGH ST is HIGH STREET."
    )
    name_likeness = share(
        "Similarity of the two names (Jaro-Winkler), 0 to 1, without words that many names of a kind have."
    )
    score = share("Strength of the case, 0 to 1: see above.")
    reason = text("What speaks for the candidate, in words.", required=True)
    candidate_closed_on = day("Last day of the candidate, inclusive, if it has closed since.")
    now_codes = texts(
        "The codes that are open today (or announced) at the end of the trail: the candidate itself, or "
        "where recorded successions and further candidates lead from it. Empty if the trail ends at a closed "
        "code."
    )
    outcome = text("What became of the candidate, if it has closed since: the codes now, or its last day.")


class ClosedCodes(Schema):
    """One row per code that is legally or operationally closed, or deleted.

    It shows when the code closed, where it belonged at the end, and what took its place.
    """

    ods_code = text("The ODS code.", key=True)
    name = text("Last name of the organisation.")
    kind = one_of(KINDS, "Kind of the organisation at its end.")
    primary_role_id = text("Id of the primary role of the organisation.")
    primary_role_name = text("NHS name of the primary role.")
    openness = one_of(("legally_closed", "closed", "deleted"), "In which sense it is closed today.")
    closed_on = day(
        "Last day, inclusive: the legal end if there is one and it has passed, otherwise the operational "
        "end. For a deletion its day. Null if ODS gives none."
    )
    legal_end = day("Legal end date, inclusive.")
    operational_end = day("Operational end date, inclusive.")
    recorded_on = day("LastChangeDate of the record, or the day of the deletion.")
    successor_codes = texts("Immediate successors, those announced included, in order of code.")
    successor_count = number("Number of immediate successors.", required=True)
    terminal_codes = texts(
        "The codes at which the successions end today, in order of code. Empty if no succession has begun."
    )
    last_provider_code = text(
        "The last provider of the organisation, as in organisation_parents; itself if it had no other. Null "
        "if deleted."
    )
    last_icb_code = text(
        "The last ICB of the organisation. Null too if a commissioning hub commissioned it at the end."
    )
    candidate_codes = texts("Inferred only: the codes in successor_candidates, best first.")
    explanation = text("When and how the code closed, and what replaced it, in words.", required=True)
