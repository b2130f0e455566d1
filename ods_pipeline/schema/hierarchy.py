"""The tables of who belongs to whom (DuckDB schema ``marts``): parents over time, and today.

``valid_from`` is the first day on which a row holds, ``valid_to`` the first on which it no longer does; null
is no end known. What became of a code stands in ``lives.py``.
"""

import polars as pl

from ods_pipeline.schema.base import Column, Schema, day, flag, number, one_of, text
from ods_pipeline.schema.marts import ICB_BASES, KINDS, OPENNESS

LEVELS = (
    "operator",
    "pcn",
    "commissioner",
    "sub_icb",
    "commissioning_icb",
    "partner_icb",
    "geography_icb",
    "region",
)
NO_LEVEL = "other"


class OrganisationKinds(Schema):
    """One row a body and interval: what kind of body it is, by its roles. Most bodies are of one kind all
    their life; a prescribing cost centre is a GP practice while it has that role (RO76), a CCG became a
    sub-ICB location or a hub. The first row also speaks for the days before, the last for those after."""

    ods_code = text("The body.", key=True)
    valid_from = day(
        "First day of the row; where ODS gives no start, 1900-01-01, ODS's filler for unknown.", key=True
    )
    valid_to = day("First day on which it no longer holds; null in the last row of a body.")
    kind = one_of(KINDS, "What it is.")


class HierarchyEdges(Schema):
    """One row a relationship and level: every parent that ODS states, dated, with the rule that takes it
    for a level. Nothing is chosen here: hierarchy_parents says which one holds when several claim to.
    Relationships that no rule takes have level other."""

    ods_code = text("The body that has the parent.", key=True)
    level = one_of((*LEVELS, NO_LEVEL), "What the parent would be to it.", key=True)
    unique_rel_id = number("ODS's id of the relationship.", key=True)
    parent_code = text("The parent.", required=True)
    rel_id = text("Relationship id, e.g. RE6.", required=True)
    rel_name = text("NHS name of the relationship.")
    child_role_id = text("Primary role of the body.")
    parent_role_id = text("Primary role of the parent; as the relationship states it if it is not held.")
    preference = number("Rank of the rule within its level, 1 first; null where no rule takes it.")
    citation = text("Why the rule takes it.")
    valid_from = day(
        "First day of the relationship: operational, else legal start. Null: ODS gives none; it never holds."
    )
    valid_to = day("First day on which it no longer holds: the day after its end.")
    status = text("Status of the relationship as published.")
    parent_is_held = flag("The register holds a record of the parent; if not, it is never chosen.")
    end_is_inferred = flag(
        "Inactive without an end: taken to end on the LastChangeDate of the record, the latest it can have."
    )


class HierarchyParents(Schema):
    """One row a body, level and interval: the one parent chosen at that level. Of the edges that hold, the
    rule with the lowest preference wins, then the later start, then the code of the parent, then the id."""

    ods_code = text("The body.", key=True)
    level = one_of(LEVELS, "What the parent is to it.", key=True)
    valid_from = day("First day of the row.", key=True)
    valid_to = day("First day on which it no longer holds.")
    parent_code = text("The parent chosen.", required=True)
    rel_id = text("Relationship id, e.g. RE6.", required=True)
    unique_rel_id = number("ODS's id of the relationship that was chosen.", required=True)
    is_ambiguous = flag("Two or more distinct parents hold at the same preference.")


def _via() -> Column:
    step = pl.Struct({"level": pl.String(), "rel_id": pl.String(), "unique_rel_id": pl.Int64()})
    return Column(
        pl.List(step),
        "The relationship behind each step, by level and then upwards: look it up in "
        "ord.relationships. A level inherited from the operator, and the ICB of a sub-ICB location, have "
        "the steps of the bodies they come from.",
        nullable=False,
    )


class ProviderHierarchy(Schema):
    """One row a body and interval: its parents at every level, of every kind of body. All levels of a row
    hold throughout its interval, and intervals of a code never overlap. Links hold for their operational
    dates: what begins in the future shows from then on, and a closed parent keeps its children's past. The
    rows of a body cover its operational life and whatever its links cover beyond. A parent that the register
    does not state stays null: before April 2020 there is often no ICB and no region."""

    ods_code = text("The body.", key=True)
    valid_from = day("First day of the row.", key=True)
    valid_to = day("First day on which it no longer holds.")
    kind = one_of(KINDS, "What it is.")
    operator_code = text("The body that operates it (IS OPERATED BY), commissioners excepted.")
    provider_code = text(
        "Top of the operator chain; a body without operator is its own provider.", required=True
    )
    pcn_code = text("Primary care network of a practice (IS PARTNER TO).")
    commissioner_code = text("Who commissions it (IS COMMISSIONED BY), of whatever role.")
    sub_icb_code = text(
        "Sub-ICB location or CCG that commissions it, or else its nearest operator that has one."
    )
    commissioning_icb_code = text(
        "ICB along the commissioner: of the sub-ICB location, else commissioning directly."
    )
    partner_icb_code = text("ICB that it, or else its nearest operator that has one, is partner to.")
    geography_icb_code = text(
        "ICB in whose geography it, or else its nearest operator that has one, is located."
    )
    icb_code = text("The ICB: along the commissioner, else partner, else geography; an ICB is its own.")
    icb_basis = one_of(ICB_BASES, "Which of these it is.", required=False)
    region_code = text("NHS England region of the ICB.")
    is_ambiguous = flag(
        "At some step two or more distinct parents hold at the same preference; the later start wins."
    )
    via = _via()


class ProviderHierarchyCurrent(Schema):
    """One row a body that has a row in provider_hierarchy today: its parents, with names and openness at
    every level. Today is the newest as-of date held unless a date is given. Closed bodies stand here only
    if some link of theirs still holds; the past is in provider_hierarchy, closures are in closed_codes."""

    ods_code = text("The body.", key=True)
    name = text("Its name.", required=True)
    kind = one_of(KINDS, "What it is.")
    openness = one_of(OPENNESS, "Whether it is open today.")
    postcode = text("Its postcode.")
    operator_code = text("The body that operates it (IS OPERATED BY), commissioners excepted.")
    operator_name = text("Name of the operator.")
    operator_openness = text("Openness of the operator.")
    provider_code = text(
        "Top of the operator chain; a body without operator is its own provider.", required=True
    )
    provider_name = text("Name of the provider.")
    provider_openness = text("Openness of the provider.")
    pcn_code = text("Primary care network of a practice (IS PARTNER TO).")
    pcn_name = text("Name of the PCN.")
    pcn_openness = text("Openness of the PCN.")
    commissioner_code = text("Who commissions it (IS COMMISSIONED BY), of whatever role.")
    commissioner_name = text("Name of the commissioner.")
    commissioner_openness = text("Openness of the commissioner.")
    sub_icb_code = text("Sub-ICB location that commissions it, or else its nearest operator that has one.")
    sub_icb_name = text("Name of the sub-ICB location.")
    sub_icb_openness = text("Openness of the sub-ICB location.")
    commissioning_icb_code = text("ICB along the commissioner.")
    partner_icb_code = text("ICB that it, or else its nearest operator that has one, is partner to.")
    geography_icb_code = text(
        "ICB in whose geography it, or else its nearest operator that has one, is located."
    )
    icb_code = text("The ICB: along the commissioner, else partner, else geography; an ICB is its own.")
    icb_name = text("Name of the ICB.")
    icb_openness = text("Openness of the ICB.")
    icb_basis = one_of(ICB_BASES, "Which of these it is.", required=False)
    region_code = text("NHS England region of the ICB.")
    region_name = text("Name of the region.")
    region_openness = text("Openness of the region.")
    is_ambiguous = flag(
        "At some step two or more distinct parents hold at the same preference; the later start wins."
    )
    valid_from = day("First day of this state.", required=True)
    valid_to = day("First day on which it will no longer hold, where that is known already.")
    as_of = day("The day the row speaks for.", required=True)


class HierarchyClosure(Schema):
    """One row an ancestor, descendant and interval: all that stands above a body, along the parents chosen
    in hierarchy_parents, at any level. Intervals of a pair never overlap; a body is not its own ancestor."""

    descendant_code = text("The body below.", key=True)
    ancestor_code = text("The body above.", key=True)
    valid_from = day("First day of the row.", key=True)
    valid_to = day("First day on which it no longer holds.")
    depth = number("Steps from one to the other, the fewest at that time.", required=True)


class IcbChanges(Schema):
    """One row a GP practice, trust or sub-ICB location whose ICB changes on a reconfiguration day, past or
    scheduled. A reconfiguration day is one on which an ICB begins or no longer is: other moves are ordinary
    changes of parent."""

    effective_on = day("First day under the new ICB.", key=True)
    ods_code = text("The body.", key=True)
    name = text("Its name.")
    kind = one_of(("gp_practice", "trust", "sub_icb"), "What it is.")
    old_icb_code = text("The ICB until the day before.", required=True)
    old_icb_name = text("Its name.")
    new_icb_code = text("The ICB from that day on.", required=True)
    new_icb_name = text("Its name.")
    is_scheduled = flag("The day is still to come.")
