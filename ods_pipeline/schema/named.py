"""The tables people ask for by name (DuckDB schema ``marts``): practices, PCNs, sites, look-up, coverage.

Everything in them also follows from the tables of ``hierarchy.py``, ``lives.py`` and ``facts.py``; these put
it where people look for it. ``opened_on`` and ``closed_on`` are inclusive, ``valid_to`` is not.
"""

from ods_pipeline.schema.base import Column, Schema, day, flag, number, one_of, text, texts
from ods_pipeline.schema.base import share as part_of_one
from ods_pipeline.schema.marts import ICB_BASES, KINDS, NO_PARENT, OPENNESS

COVERAGE_LEVELS = ("provider", "icb", "region")


def _opened() -> Column:
    return day("First day: the operational start date, otherwise the legal one.")


def _closed() -> Column:
    return day(
        "Last day, inclusive. If the organisation is closing, the day announced. Null if ODS gives none."
    )


def _past() -> Column:
    return flag("True if the organisation is closed, so that its parents are the last ones it had.")


def _ambiguous() -> Column:
    return flag(
        "True if at some step two or more distinct parents hold at the same preference. The later start wins."
    )


class OrganisationParents(Schema):
    """One row per code: the parents it has today, the last ones it had, or the first ones announced.

    An open organisation has the parents of today. A closed one has the last ones it had, and one not yet open
    has the first ones announced. The link to the last one may have ended long before the organisation
    closed: provider_hierarchy has the days. A commissioner that another one replaced gives a closed
    organisation nothing: no sub-ICB location, ICB or region. provider_hierarchy_current has a closed
    organisation only while one of its links still holds; this table still shows where it belonged.
    """

    ods_code = text("The organisation.", key=True)
    operator_code = text("The operator of the organisation.")
    provider_code = text(
        "Top of the operator chain. An organisation without an operator is its own provider.", required=True
    )
    pcn_code = text("Primary care network of a practice.")
    commissioner_code = text("The commissioner of the organisation, whatever role it has.")
    sub_icb_code = text("Sub-ICB location that commissions the organisation.")
    sub_icb_reason = one_of(NO_PARENT, "Why there is none; see provider_hierarchy.", required=False)
    icb_code = text("ICB.")
    icb_basis = one_of(ICB_BASES, "How the ICB was found.", required=False)
    icb_reason = one_of(NO_PARENT, "Why there is none; see provider_hierarchy.", required=False)
    area_code = text("Local office of a region, or health authority, to March 2020.")
    region_code = text("NHS England region.")
    region_reason = one_of(NO_PARENT, "Why there is none; see provider_hierarchy.", required=False)
    is_ambiguous = _ambiguous()
    is_past = _past()


class GpPractices(Schema):
    """One row per GP practice, open or closed: its PCN, sub-ICB location, ICB and region today.

    A closed practice has the last ones it had. A GP practice is a prescribing cost centre with the role RO76.
    """

    ods_code = text("The practice.", key=True)
    name = text("Name of the practice.", required=True)
    openness = one_of(OPENNESS, "Whether the organisation is open today.")
    pcn_code = text("Primary care network.")
    pcn_name = text("Name of the PCN.")
    sub_icb_code = text("Sub-ICB location that commissions the practice.")
    sub_icb_name = text("Name of the sub-ICB location.")
    icb_code = text("ICB.")
    icb_name = text("Name of the ICB.")
    region_code = text("NHS England region.")
    region_name = text("Name of the region.")
    postcode = text("Postcode as published.")
    country = text("Country of the address as published: ENGLAND, WALES, …")
    setting_role_id = text("Id of the role that is the prescribing setting of the practice: RO76.")
    setting_role_name = text("NHS name of setting_role_id.")
    opened_on = _opened()
    closed_on = _closed()
    parents_are_past = _past()
    is_ambiguous = _ambiguous()


class PcnMembership(Schema):
    """One row per practice and interval in a PCN: past, present and announced.

    Each row has the nominated payee of the PCN in that interval. A practice is in one PCN at a time. If ODS
    gives two, the later start wins and is_ambiguous is true. Rows of a practice never overlap.
    """

    practice_code = text("The practice.", key=True)
    valid_from = day("First day on which the row holds.", key=True)
    valid_to = day("First day on which the row no longer holds. Null: no end is known.")
    practice_name = text("Name of the practice.")
    pcn_code = text("The PCN.", required=True)
    pcn_name = text("Name of the PCN.")
    nominated_payee_code = text(
        "The organisation that is paid for the PCN (IS NOMINATED PAYEE FOR): a practice, trust or other."
    )
    nominated_payee_name = text("Name of the payee.")
    sub_icb_code = text("Sub-ICB location that commissions the practice.")
    is_ambiguous = _ambiguous()


class TrustSites(Schema):
    """One row per site of an NHS trust, open or closed: its trust, ICB and region today.

    A closed site has the last ones it had. Do not derive the trust from the first letters of the code: sites
    keep their codes when trusts merge.
    """

    site_code = text("The site.", key=True)
    site_name = text("Name of the site.", required=True)
    openness = one_of(OPENNESS, "Whether the site is open today.")
    trust_code = text(
        "The trust that operates the site. Null: ODS gives no operator, or the operator is not a trust."
    )
    trust_name = text("Name of the trust.")
    trust_openness = text("Whether the trust is open today.")
    icb_code = text("ICB.")
    icb_name = text("Name of the ICB.")
    icb_basis = one_of(ICB_BASES, "How the ICB was found.", required=False)
    region_code = text("NHS England region.")
    region_name = text("Name of the region.")
    postcode = text("Postcode as published.")
    uprn = number("Unique Property Reference Number.")
    opened_on = _opened()
    closed_on = _closed()
    parents_are_past = _past()
    is_ambiguous = _ambiguous()


class SocialCareSites(Schema):
    """One row per social care site, open or closed.

    Use site_code for one place and hq_code for the whole group. A contract with a home belongs to the site; a
    contract with the company that runs it belongs to the head office.
    """

    site_code = text("The site: one place.", key=True)
    site_name = text("Name of the site.", required=True)
    openness = one_of(OPENNESS, "Whether the site is open today.")
    hq_code = text("The head office that runs the site. Sites with one head office are one group.")
    hq_name = text("Name of the head office.")
    sibling_count = number(
        "Number of other sites of the same head office that are open today.", required=True
    )
    care_home = flag("True if the site has the role CARE HOME (RO269) today.")
    domiciliary = flag("True if the site has the role DOMICILIARY CARE (RO270) today.")
    postcode = text("Postcode as published.")
    uprn = number("Unique Property Reference Number.")
    opened_on = _opened()
    closed_on = _closed()
    replaced_by = texts(
        "The codes that replaced this one by ODS's successions, followed to the end, in order of code. ODS "
        "seldom gives any for social care."
    )
    candidate_codes = texts(
        "Inferred only (see successor_candidates): the codes, open today, that may have replaced this one."
    )
    parents_are_past = _past()


class VaccinationSites(Schema):
    """One row per vaccination site and interval.

    These are pharmacy sites (RO280) and organisations with the role COVID VACCINATION CENTRE (RO279). Each
    row has the parent to be paid, the address for delivery, and the ICB and region for reporting. No row
    reaches beyond the life of the site, whatever its links are.
    """

    site_code = text("The site.", key=True)
    valid_from = day("First day on which the row holds.", key=True)
    valid_to = day("First day on which the row no longer holds. Null: no end is known.")
    site_name = text("Name of the site.", required=True)
    parent_code = text(
        "The organisation that operates the site and is paid: a pharmacy head office, trust or practice."
    )
    parent_name = text("Name of the parent.")
    parent_kind = one_of(KINDS, "What kind of organisation the parent is.", required=False)
    icb_code = text("ICB.")
    icb_name = text("Name of the ICB.")
    region_code = text("NHS England region.")
    region_name = text("Name of the region.")
    address = text("Address lines, town and county, joined by commas.")
    postcode = text("Postcode as published.")
    uprn = number("Unique Property Reference Number.")


class CodeFinder(Schema):
    """One row per code, including confirmed deletions: everything that a look-up shows.

    ods_find(text) searches it by code, by postcode and by words of the name.
    """

    ods_code = text("The ODS code.", key=True)
    name = text("Name of the organisation; the last name if the organisation is gone.")
    kind = one_of(KINDS, "Kind of the organisation today, or at its end.")
    openness = one_of(OPENNESS, "Whether the organisation is open today.")
    is_archived = flag("True if the record is in the archive file: the organisation closed long ago.")
    opened_on = _opened()
    closed_on = _closed()
    address = text("Address lines, town and county, joined by commas.")
    postcode = text("Postcode as published.")
    postcode_key = text("Postcode without its space.")
    name_key = text(
        "Name for searching: apostrophes are removed, and any other character that is not a letter or digit "
        "becomes a space."
    )
    uprn = number("Unique Property Reference Number.")
    hq_code = text(
        "The organisation at the top of its operator chain: trust, head office, practice. Null: it is at the "
        "top itself."
    )
    hq_name = text("Name of the organisation in hq_code.")
    site_count = number(
        "Number of open organisations with this one at the top of their operator chain.", required=True
    )
    replaced_by = texts(
        "The codes that replaced this one by ODS's successions, followed to the end, in order of code."
    )
    candidate_codes = texts(
        "Inferred only (see successor_candidates): the codes, open today, that may have replaced this one. A "
        "trail that ends at a closed code is described in explanation."
    )
    explanation = text("Whether the organisation is open, and why, in words.", required=True)


class Coverage(Schema):
    """One row per kind of organisation and level: how many of those open today have that parent.

    The levels are provider, ICB and region. For the open organisations without the parent, the row counts
    first the groups that cannot have it, then the reasons of the rest: open_codes is the sum of all these and
    with_parent. A kind takes part at a level if it has a row in marts/rules/coverage_limits.csv. An
    organisation without an operator is its own provider and counts as having one, except in kinds that are
    run by others: those with level provider in that file.
    """

    kind = one_of(KINDS, "What kind of organisation.", key=True)
    level = one_of(COVERAGE_LEVELS, "Which parent.", key=True)
    codes = number("Organisations of this kind held, including closed ones.", required=True)
    open_codes = number("Organisations of this kind that are open or closing today.", required=True)
    takes_no_part = number(
        "Open, without the parent: its kind takes no part at this level, such as head offices and schools.",
        required=True,
    )
    outside_england = number("Open, without the parent: it lies outside England.", required=True)
    commissioned_by_hub = number(
        "Open, without the parent: a commissioning hub commissions it, which hands down no ICB.",
        required=True,
    )
    can_have = number(
        "Open organisations in none of these groups: takes_no_part, outside_england, commissioned_by_hub.",
        required=True,
    )
    with_parent = number("Open organisations that have this parent.", required=True)
    share = part_of_one("with_parent / can_have, rounded to four decimal places. 1 if none can have it.")
    no_link = number(
        "Open, without the parent: ODS gives no relationship of this level at all.", required=True
    )
    link_ended = number("Open, without the parent: all such relationships have ended.", required=True)
    link_not_begun = number("Open, without the parent: the relationship begins later.", required=True)
    parent_not_held = number(
        "Open, without the parent: the relationship points at a code that is not held.", required=True
    )
    parent_has_none = number(
        "Open, without the parent: a parent on the way up has none itself.", required=True
    )
    postcode_disagrees = number(
        "Open, level icb only: those whose postcode lies in another ICB than the one in whose geography the "
        "register puts them (marts.organisation_places). 0 without a file of postcodes.",
        required=True,
    )
    expected_share = part_of_one(
        "The smallest share expected, from marts/rules/coverage_limits.csv. 0 if nothing is expected."
    )
