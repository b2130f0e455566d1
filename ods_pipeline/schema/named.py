"""The tables people ask for by name (DuckDB schema ``marts``): practices, PCNs, sites, look-up, coverage.

They hold nothing that cannot be had from the tables of ``hierarchy.py``, ``lives.py`` and ``facts.py``; they
put it where it is looked for. ``opened_on`` and ``closed_on`` are inclusive, ``valid_to`` is not.
"""

from ods_pipeline.schema.base import Column, Schema, day, flag, number, one_of, text, texts
from ods_pipeline.schema.base import share as part_of_one
from ods_pipeline.schema.marts import ICB_BASES, KINDS, OPENNESS

COVERAGE_LEVELS = ("provider", "icb", "region")


def _opened() -> Column:
    return day("First day, inclusive: operational start, else legal start.")


def _closed() -> Column:
    return day("Last day, inclusive; of a body that is closing, the day announced. Null if ODS gives none.")


def _past() -> Column:
    return flag("The body is closed: its parents are those it had last.")


def _ambiguous() -> Column:
    return flag(
        "At some step two or more distinct parents hold at the same preference; the later start wins."
    )


class OrganisationParents(Schema):
    """One row a code: the parents it has today, or, closed, those it had last, or, announced, those it
    will have first. A closed body has no parents in provider_hierarchy_current; here it still tells whose it
    was."""

    ods_code = text("The body.", key=True)
    operator_code = text("The body that operates it.")
    provider_code = text(
        "Top of the operator chain; a body without operator is its own provider.", required=True
    )
    pcn_code = text("Primary care network of a practice.")
    commissioner_code = text("Who commissions it, of whatever role.")
    sub_icb_code = text("Sub-ICB location that commissions it.")
    icb_code = text("Its ICB.")
    icb_basis = one_of(ICB_BASES, "Where the ICB comes from.", required=False)
    region_code = text("NHS England region of the ICB.")
    is_ambiguous = _ambiguous()
    is_past = _past()


class GpPractices(Schema):
    """One row a GP practice, open or closed: its PCN, sub-ICB location, ICB and region today; of a closed
    practice those it had last. A practice is a prescribing cost centre with the role RO76."""

    ods_code = text("The practice.", key=True)
    name = text("Its name.", required=True)
    openness = one_of(OPENNESS, "Whether it is open today.")
    pcn_code = text("Primary care network.")
    pcn_name = text("Its name.")
    sub_icb_code = text("Sub-ICB location that commissions the practice.")
    sub_icb_name = text("Its name.")
    icb_code = text("ICB.")
    icb_name = text("Its name.")
    region_code = text("NHS England region.")
    region_name = text("Its name.")
    postcode = text("Postcode as published.")
    setting_role_id = text("The role that is its prescribing setting: RO76.")
    setting_role_name = text("NHS name of that role.")
    opened_on = _opened()
    closed_on = _closed()
    parents_are_past = _past()
    is_ambiguous = _ambiguous()


class PcnMembership(Schema):
    """One row a practice and interval in a PCN, past, present and announced, with the nominated payee of the
    PCN at that time. A practice is in one PCN at a time; where ODS says two, the later start wins and
    is_ambiguous is set. Rows of a practice never overlap."""

    practice_code = text("The practice.", key=True)
    valid_from = day("First day of the row.", key=True)
    valid_to = day("First day on which it no longer holds; null: no end known.")
    practice_name = text("Name of the practice.")
    pcn_code = text("The PCN.", required=True)
    pcn_name = text("Its name.")
    nominated_payee_code = text(
        "Who is paid for the PCN (IS NOMINATED PAYEE FOR): a practice, trust or other."
    )
    nominated_payee_name = text("Name of the payee.")
    sub_icb_code = text("Sub-ICB location that commissions the practice.")
    is_ambiguous = _ambiguous()


class TrustSites(Schema):
    """One row a site of an NHS trust, open or closed: its trust, ICB and region today; of a closed site those
    it had last. A code's first letters do not tell the trust: sites keep their codes when trusts merge."""

    site_code = text("The site.", key=True)
    site_name = text("Its name.", required=True)
    openness = one_of(OPENNESS, "Whether the site is open today.")
    trust_code = text("The trust that operates it. Null: ODS gives none, or the operator is no trust.")
    trust_name = text("Name of the trust.")
    trust_openness = text("Whether the trust is open today.")
    icb_code = text("ICB.")
    icb_name = text("Its name.")
    icb_basis = one_of(ICB_BASES, "Where the ICB comes from.", required=False)
    region_code = text("NHS England region.")
    region_name = text("Its name.")
    postcode = text("Postcode as published.")
    uprn = number("Unique Property Reference Number.")
    opened_on = _opened()
    closed_on = _closed()
    parents_are_past = _past()
    is_ambiguous = _ambiguous()


class SocialCareSites(Schema):
    """One row a social care site, open or closed. Use site_code for one place, hq_code for the whole group:
    a contract with a home is with the site, one with the company that runs it is with the head office."""

    site_code = text("The site: one place.", key=True)
    site_name = text("Its name.", required=True)
    openness = one_of(OPENNESS, "Whether the site is open today.")
    hq_code = text("The head office that runs it, and with it the whole group.")
    hq_name = text("Name of the head office.")
    sibling_count = number("Other sites of the same head office that are open today.", required=True)
    care_home = flag("It has the role CARE HOME (RO269) today.")
    domiciliary = flag("It has the role DOMICILIARY CARE (RO270) today.")
    postcode = text("Postcode as published.")
    uprn = number("Unique Property Reference Number.")
    opened_on = _opened()
    closed_on = _closed()
    replaced_by = texts("What ODS says took its place, followed to the end. Seldom given for social care.")
    candidate_codes = texts(
        "Inferred only, see successor_candidates: what may have taken its place, best first."
    )
    parents_are_past = _past()


class VaccinationSites(Schema):
    """One row a vaccination site and interval: pharmacy sites (RO280) and bodies with the role COVID
    VACCINATION CENTRE (RO279), with the parent to be paid, the address for delivery, and ICB and region for
    reporting."""

    site_code = text("The site.", key=True)
    valid_from = day("First day of the row.", key=True)
    valid_to = day("First day on which it no longer holds; null: no end known.")
    site_name = text("Its name.", required=True)
    parent_code = text("The body that operates it, and is paid: a pharmacy head office, trust or practice.")
    parent_name = text("Name of the parent.")
    parent_kind = one_of(KINDS, "What the parent is.", required=False)
    icb_code = text("ICB.")
    icb_name = text("Its name.")
    region_code = text("NHS England region.")
    region_name = text("Its name.")
    address = text("Address lines, town and county in one.")
    postcode = text("Postcode as published.")
    uprn = number("Unique Property Reference Number.")


class CodeFinder(Schema):
    """One row a code, deleted ones (confirmed) included: all that a look-up shows. ods_find(text) searches
    it by code, postcode and words of the name."""

    ods_code = text("The code.", key=True)
    name = text("Its name, the last one if it is gone.")
    kind = one_of(KINDS, "What it is, or was at the end.")
    openness = one_of(OPENNESS, "Whether it is open today.")
    is_archived = flag("Its record stands in the archive file: closed long ago.")
    opened_on = _opened()
    closed_on = _closed()
    address = text("Address lines, town and county in one.")
    postcode = text("Postcode as published.")
    postcode_key = text("Postcode without its space.")
    name_key = text("Name as bare words: no apostrophes, every other sign a space.")
    uprn = number("Unique Property Reference Number.")
    hq_code = text("The body at the top of its operators: trust, head office, practice. Null: it is its own.")
    hq_name = text("Name of that body.")
    site_count = number("Open bodies that have this one at the top of their operators.", required=True)
    replaced_by = texts("What ODS says took its place, followed to the end, in order of code.")
    candidate_codes = texts(
        "Inferred only, see successor_candidates: what may have taken its place, best first."
    )
    explanation = text("Whether it is open, and why, in words.", required=True)


class Coverage(Schema):
    """One row a kind of body and level: how many of the bodies open today have a provider, an ICB and a
    region, and why the others have none. A body without operator is its own provider, and counts as having
    one, but for the kinds that are run by others: those with level provider in marts/coverage_limits.csv."""

    kind = one_of(KINDS, "What the bodies are.", key=True)
    level = one_of(COVERAGE_LEVELS, "Which parent.", key=True)
    codes = number("Bodies of this kind held, closed ones included.", required=True)
    open_codes = number("Of those: open or closing today.", required=True)
    with_parent = number("Of the open ones: with this parent.", required=True)
    share = part_of_one("with_parent / open_codes, to four places; 1 if none is open.")
    no_link = number("Of the rest: ODS states no relationship of this level at all.", required=True)
    link_ended = number("Of the rest: all such relationships have ended.", required=True)
    link_not_begun = number("Of the rest: the relationship begins later.", required=True)
    parent_not_held = number(
        "Of the rest: the relationship points at a code that is not held.", required=True
    )
    parent_has_none = number(
        "Of the rest: there is a parent on the way, which itself has none.", required=True
    )
    expected_share = part_of_one(
        "The least share expected, from marts/coverage_limits.csv; 0 where nothing is expected."
    )
