"""The tables in the shape that published national statistics code joins (DuckDB schema ``compat``).

Lives here: ``org_daily`` and ``org_relationship_daily``, with the names of NHS England's own reference data,
so that queries written for those run on ours. Nothing is known here that ``ord``, ``history`` and ``marts``
do not hold: use those for anything new. Does not live here: which type code a role has
(``marts/rules/organisation_type_codes.csv``) and which pair of types has a code of its own
(``relationship_type_codes.csv`` next to it).

Every end in these two tables is **inclusive**: the code that reads them compares with ``>=``.
"""

from ods_pipeline.schema.base import Column, Schema, day, number, text


def _type_code(of: str, *, nullable: bool = False) -> Column:
    return text(
        f"Type code of the {of} in NHS England's reference data: TR for an NHS trust, CC for a CCG or "
        f"sub-ICB location.{' Null if no published code shows that of its role.' if nullable else ''}",
        required=not nullable,
    )


class OrgDaily(Schema):
    """One row per version of an organisation's record, from the first release held on.

    BUSINESS_START_DATE and BUSINESS_END_DATE are known_from and known_to of history, so there is no row for
    days before the first release held. On any one day an organisation has one row at most.
    """

    ORG_CODE = text("The ODS code.", key=True)
    NAME = text("Name.", required=True)
    SHORT_NAME = text("Always null: ODS publishes no short name. Published code reads the column.")
    ORG_TYPE_CODE = _type_code("organisation", nullable=True)
    ORG_OPEN_DATE = day("First day: the legal start date, otherwise the operational one.")
    ORG_CLOSE_DATE = day(
        "Last day, inclusive: the legal end date, otherwise the operational one. An inactive record without "
        "an end counts as ended on the day before its last change. Null if no end is known."
    )
    ORG_IS_CURRENT = number(
        "1 in the newest row of an organisation, if the day the build speaks for is from ORG_OPEN_DATE to "
        "ORG_CLOSE_DATE, else 0. So legal dates decide, unlike in marts.organisation_status.",
        required=True,
    )
    BUSINESS_START_DATE = day("First day on which the register showed the row.", key=True)
    BUSINESS_END_DATE = day(
        "Last day on which the register showed the row, inclusive: the day before the next row, or before "
        "the code was gone. Null: the register still shows it."
    )
    SYSTEM_CREATED_DATE = day("Equal to BUSINESS_START_DATE, so the newest of several rows has the latest.")
    ORG_ROLE_ID = text("Id of the primary role. This column is ours, and explains the type code.")


class OrgRelationshipDaily(Schema):
    """One row per pair of organisations and unbroken interval in which the register of today relates them.

    Relationships of whatever kind between the same two organisations are one row where their days overlap or
    meet. In a succession, the newer organisation is REL_FROM and the older REL_TO, with REL_TYPE_CODE P. Both
    organisations have a type code; ord.relationships and ord.successions have all others too.
    """

    REL_FROM_ORG_CODE = text("The organisation that has the relationship: the lower, or the newer.", key=True)
    REL_FROM_ORG_TYPE_CODE = _type_code("first organisation")
    REL_TO_ORG_CODE = text("The related organisation: the higher, or the older.", key=True)
    REL_TO_ORG_TYPE_CODE = _type_code("second organisation")
    REL_TYPE_CODE = text(
        "P for a predecessor; CCST, STCE, CCCF and CFCE for the pairs of types that published code names so. "
        "Null for all others."
    )
    REL_OPEN_DATE = day("First day: the legal start date, otherwise the operational one.")
    REL_CLOSE_DATE = day("Last day, inclusive, by the same rule. Null if no end is known.")
    REL_IS_CURRENT = number(
        "1 if the relationship holds on the day the build speaks for, else 0.", required=True
    )
    REL_NUMBER = number(
        "Number of the row among those of the two organisations, by REL_OPEN_DATE; 0 for a succession. This "
        "column is ours.",
        key=True,
    )
