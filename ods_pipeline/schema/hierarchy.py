"""The tables of the hierarchy (DuckDB schema ``marts``). What became of a code is in ``lives.py``.

``valid_from`` is the first day of a row, ``valid_to`` the day after its last; null if no end is known.
"""

import polars as pl

from ods_pipeline.schema.base import Column, Schema, day, flag, number, one_of, text
from ods_pipeline.schema.marts import ICB_BASES, KINDS, NO_PARENT, NO_PARENT_MEANS, OPENNESS

LEVELS = (
    "operator",
    "pcn",
    "commissioner",
    "sub_icb",
    "hub",
    "commissioning_icb",
    "partner_icb",
    "geography_icb",
    "commissioning_area",
    "area_as_commissioner",
    "area",
    "region",
)
NO_LEVEL = "other"


def _sub_icb_reason() -> Column:
    return one_of(NO_PARENT, f"Why sub_icb_code is null. {NO_PARENT_MEANS}", required=False)


def _icb_code() -> Column:
    return text("The ICB: of the commissioner, else partner, geography, postcode; an ICB is its own.")


def _icb_basis() -> Column:
    meaning = "The source of icb_code. postcode: the ICB of the postcode, from the day of the edition on."
    return one_of(ICB_BASES, meaning, required=False)


def _icb_reason() -> Column:
    return one_of(NO_PARENT, "Why icb_code is null, in the words of sub_icb_reason.", required=False)


def _region_reason() -> Column:
    meaning = (
        "Why region_code is null, in the words of sub_icb_reason. target_unknown also where the region that "
        "it, its ICB, its area or its hub states is not held."
    )
    return one_of(NO_PARENT, meaning, required=False)


def _area_code() -> Column:
    return text(
        "To March 2020: the region's local office (RO210), before that the health authority (RO132). That of "
        "its commissioner, or the commissioner itself if it is one; else the one in whose geography it is "
        "located; else the one in whose geography its nearest operator is located."
    )


def _region_code() -> Column:
    return text(
        "NHS England region: of the ICB, else of the area, else of the hub that commissions it, where ODS "
        "states that link. An ICB, an area and a hub have the one that they state themselves."
    )


def _country() -> Column:
    return text(
        "Country of the organisation's address, as published today. Null: ODS gives none, mostly in England."
    )


class OrganisationKinds(Schema):
    """One row per organisation and interval: its kind, by its roles.

    Most organisations are of one kind all their life. A prescribing cost centre is a GP practice while it has
    that role (RO76); a CCG became a sub-ICB location or a hub. The first row also holds on the days before
    it, the last on the days after.
    """

    ods_code = text("The organisation.", key=True)
    valid_from = day(
        "First day of the row; where ODS gives no start, 1900-01-01, ODS's filler for unknown.", key=True
    )
    valid_to = day("First day on which the row no longer holds; null in the last row of an organisation.")
    kind = one_of(KINDS, "Kind of the organisation.")


class HierarchyEdges(Schema):
    """One row per relationship and level: every parent that ODS states, dated, with the rule that takes it.

    No parent is chosen here: where several hold at once, hierarchy_parents has the one chosen. Relationships
    that no rule takes have level other. A rule that asks for a role takes the relationship only on the days
    of that role; the relationship then has a row at level other too, with all its days.
    """

    ods_code = text("The organisation that has the parent.", key=True)
    level = one_of((*LEVELS, NO_LEVEL), "The level at which the rule takes the parent.", key=True)
    unique_rel_id = number("ODS's id of the relationship.", key=True)
    part = number(
        "1; counts up where rules take the relationship at several times: a role ended and began again.",
        key=True,
    )
    parent_code = text("The parent.", required=True)
    rel_id = text("Relationship id, e.g. RE6.", required=True)
    rel_name = text("NHS name of the relationship.")
    child_role_id = text("Primary role of the organisation.")
    parent_role_id = text(
        "Primary role of the parent; if it is not held, the role that the relationship states."
    )
    preference = number("Rank of the rule within its level, 1 is the best; null where no rule takes it.")
    citation = text("The fact about ODS on which the rule rests.")
    valid_from = day(
        "First day of the relationship: operational, else legal start; or of the role that a rule asks for. "
        "Null: ODS gives none, and the row never holds."
    )
    valid_to = day(
        "First day on which the link no longer holds: the day after its end, or after that of the role."
    )
    status = text("Status of the relationship as published.")
    parent_is_held = flag(
        "Whether the register holds a record of the parent. A parent without one is never chosen."
    )
    end_is_inferred = flag(
        "Whether the link is Inactive without an end, although it had begun when the record was stamped. It "
        "ends on the LastChangeDate of the record, the latest day."
    )


class HierarchyParents(Schema):
    """One row per organisation, level and interval: the one parent chosen at that level.

    Of the edges that hold, the one with the lowest preference wins, then the later start, then the code of
    the parent, then the id.
    """

    ods_code = text("The organisation.", key=True)
    level = one_of(LEVELS, "Level of the parent.", key=True)
    valid_from = day("First day of the row.", key=True)
    valid_to = day("First day on which the row no longer holds.")
    parent_code = text("The parent chosen.", required=True)
    rel_id = text("Relationship id, e.g. RE6.", required=True)
    unique_rel_id = number("ODS's id of the relationship chosen.", required=True)
    is_ambiguous = flag("Whether two or more distinct parents hold at the same preference.")


def _via() -> Column:
    step = pl.Struct({"level": pl.String(), "rel_id": pl.String(), "unique_rel_id": pl.Int64()})
    return Column(
        pl.List(step),
        "The relationship behind each step, by level and then upwards; ord.relationships has its details. A "
        "level inherited from the operator has the steps of the operator, and the ICB of a sub-ICB location "
        "those of the sub-ICB location.",
        nullable=False,
    )


class ProviderHierarchy(Schema):
    """One row per organisation and interval: its parents at every level, for every kind of organisation.

    All levels of a row hold throughout its interval, and intervals of a code never overlap. Links hold for
    their operational dates: a link that begins in the future has a row from that day, and the past of
    children of a closed parent stays. The rows of an organisation cover its operational life, and the days
    beyond it that its links cover. A parent that the register does not state is null, and sub_icb_reason,
    icb_reason and region_reason give the reason. Before April 2020 ODS recorded areas, not ICBs.

    A pharmacy, dental practice or optician that an ICB commissions itself has an ICB and no sub-ICB location.
    A commissioning hub is not a sub-ICB location: it hands down its region, and no ICB, because its office
    may lie far from what it commissions. Only the nearest commissioner counts: an organisation that has one
    inherits none. Once it has closed, an organisation has what its own links state, and inherits nothing.
    """

    ods_code = text("The organisation.", key=True)
    valid_from = day("First day of the row.", key=True)
    valid_to = day("First day on which the row no longer holds.")
    kind = one_of(KINDS, "Kind of the organisation.")
    country = _country()
    operator_code = text("The operator of the organisation (IS OPERATED BY), except commissioners.")
    provider_code = text(
        "Top of the operator chain; an organisation without an operator is its own provider.", required=True
    )
    pcn_code = text("Primary care network of a practice (IS PARTNER TO).")
    commissioner_code = text(
        "The commissioner of the organisation (IS COMMISSIONED BY), whatever role it has."
    )
    sub_icb_code = text(
        "Sub-ICB location or CCG that commissions it; else that of its nearest operator with a commissioner. "
        "Never a hub."
    )
    sub_icb_reason = _sub_icb_reason()
    commissioning_icb_code = text(
        "ICB of the sub-ICB location that commissions it; else the ICB that commissions it directly."
    )
    partner_icb_code = text("ICB that it is a partner of; else that of its nearest operator that has one.")
    geography_icb_code = text(
        "ICB in whose geography it is located; else that of its nearest operator that has one."
    )
    icb_code = _icb_code()
    icb_basis = _icb_basis()
    icb_reason = _icb_reason()
    area_code = _area_code()
    region_code = _region_code()
    region_reason = _region_reason()
    is_ambiguous = flag(
        "Whether at some step two or more distinct parents hold at the same preference; the later start wins."
    )
    via = _via()


class ProviderHierarchyVia(Schema):
    """One row per step in the list via of provider_hierarchy, for tools that cannot read lists.

    Rows of provider_hierarchy without parents have no steps.
    """

    ods_code = text("The organisation.", key=True)
    valid_from = day("First day of the row in provider_hierarchy.", key=True)
    step = number("Place of the step in via, from 1 on.", key=True)
    level = one_of(LEVELS, "The level of the step.")
    rel_id = text("Relationship id, e.g. RE6.", required=True)
    unique_rel_id = number("ODS's id of the relationship; ord.relationships has its details.", required=True)


class ProviderHierarchyCurrent(Schema):
    """One row per organisation that has a row in provider_hierarchy today: its parents, with names.

    Openness is given at every level. Today is the newest as-of date held unless a date is given. Closed
    organisations are here only if one of their links still holds; the past is in provider_hierarchy, closures
    are in closed_codes.
    """

    ods_code = text("The organisation.", key=True)
    name = text("Name of the organisation.", required=True)
    kind = one_of(KINDS, "Kind of the organisation.")
    openness = one_of(OPENNESS, "Whether the organisation is open today.")
    postcode = text("Postcode of the organisation.")
    country = _country()
    operator_code = text("The operator of the organisation (IS OPERATED BY), except commissioners.")
    operator_name = text("Name of the operator.")
    operator_openness = text("Openness of the operator.")
    provider_code = text(
        "Top of the operator chain; an organisation without an operator is its own provider.", required=True
    )
    provider_name = text("Name of the provider.")
    provider_openness = text("Openness of the provider.")
    pcn_code = text("Primary care network of a practice (IS PARTNER TO).")
    pcn_name = text("Name of the PCN.")
    pcn_openness = text("Openness of the PCN.")
    commissioner_code = text(
        "The commissioner of the organisation (IS COMMISSIONED BY), whatever role it has."
    )
    commissioner_name = text("Name of the commissioner.")
    commissioner_openness = text("Openness of the commissioner.")
    sub_icb_code = text(
        "Sub-ICB location that commissions it; else that of its nearest operator with one. Null if the later "
        "of two commissioners is an ICB."
    )
    sub_icb_name = text("Name of the sub-ICB location.")
    sub_icb_openness = text("Openness of the sub-ICB location.")
    sub_icb_reason = _sub_icb_reason()
    commissioning_icb_code = text(
        "ICB of the sub-ICB location that commissions it; else the ICB that commissions it directly."
    )
    partner_icb_code = text("ICB that it is a partner of; else that of its nearest operator that has one.")
    geography_icb_code = text(
        "ICB in whose geography it is located; else that of its nearest operator that has one."
    )
    icb_code = _icb_code()
    icb_name = text("Name of the ICB.")
    icb_openness = text("Openness of the ICB.")
    icb_basis = _icb_basis()
    icb_reason = _icb_reason()
    area_code = _area_code()
    area_name = text("Name of the area.")
    area_openness = text("Openness of the area.")
    region_code = _region_code()
    region_reason = _region_reason()
    region_name = text("Name of the region.")
    region_openness = text("Openness of the region.")
    is_ambiguous = flag(
        "Whether at some step two or more distinct parents hold at the same preference; the later start wins."
    )
    valid_from = day("First day of this state.", required=True)
    valid_to = day("First day on which it will no longer hold, where that is known already.")
    as_of = day("The day on which the row holds: today.", required=True)


class HierarchyClosure(Schema):
    """One row per ancestor, descendant and interval: all organisations above an organisation.

    Parents are those chosen in hierarchy_parents, at any level. Intervals of a pair never overlap; an
    organisation is not its own ancestor.
    """

    descendant_code = text("The organisation below.", key=True)
    ancestor_code = text("The organisation above.", key=True)
    valid_from = day("First day of the row.", key=True)
    valid_to = day("First day on which the row no longer holds.")
    depth = number("Steps from one to the other, the fewest at that time.", required=True)
