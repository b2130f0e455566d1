"""Words that all tables of our judgement share. The tables: ``hierarchy.py``, ``lives.py``."""

import csv
from importlib import resources

import dataframely as dy

from ods_pipeline.schema.base import day, flag, number, one_of, text

OPENNESS = ("not_yet_open", "open", "closing", "legally_closed", "closed", "deleted")
ICB_BASES = ("commissioner", "partner", "geography", "self")


def _kinds() -> tuple[str, ...]:
    rules = resources.files("ods_pipeline.marts").joinpath("kinds.csv").read_text(encoding="utf-8")
    return tuple(dict.fromkeys(row["kind"] for row in csv.DictReader(rules.splitlines())))


# Every kind of body, in the order of marts/kinds.csv.
KINDS = _kinds()


class ProviderHierarchyCurrent(dy.Schema):
    """One row a trust, trust site, GP practice, PCN or social care body: its parents today, with
    names and openness at every level. Today is the newest as-of date held unless a date is given.
    A parent that the register does not state stays null."""

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
    sub_icb_code = text("Sub-ICB location that commissions it (IS COMMISSIONED BY).")
    sub_icb_name = text("Name of the sub-ICB location.")
    sub_icb_openness = text("Openness of the sub-ICB location.")
    commissioning_icb_code = text("ICB along the commissioner.")
    partner_icb_code = text("ICB the provider is partner to.")
    geography_icb_code = text("ICB in whose geography the provider lies.")
    icb_code = text("The ICB: for practices and PCNs the commissioner's, else partner, else geography.")
    icb_name = text("Name of the ICB.")
    icb_openness = text("Openness of the ICB.")
    icb_basis = one_of(("commissioner", "partner", "geography"), "Which of the three it is.", required=False)
    region_code = text("NHS England region of the ICB.")
    region_name = text("Name of the region.")
    is_ambiguous = flag(
        "At some level two or more parents hold today at the same preference; the later start wins."
    )
    as_of = day("The day the row speaks for.", required=True)


class ClosedCodes(dy.Schema):
    """One row a code that is closed in law or operation, or deleted: when, and what took its place
    according to ODS. Successors here are the immediate ones."""

    ods_code = text("The code.", key=True)
    name = text("Its last name.")
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
    successor_codes = dy.List(
        dy.String(nullable=False), nullable=False, description="Immediate successors, in order of code."
    )
    successor_count = number("How many.", required=True)
    explanation = text("The same in words.", required=True)
