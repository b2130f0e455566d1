"""The names that the columns of a report have in its header row.

Lives here: names by column, and those that a report has for its own organisations and their parents. Does not
live here: where the header row is (``columns.py``).
"""

import re

from ods_pipeline.reconcile.reports import Report

# Names of columns in files with a header row, without case, spaces and punctuation.
_HEADERS = {
    "code": "organisationcode code orgcode odscode partnerorganisationcode practicecode",
    "name": "name organisation tradingname organisationname orgname partnername practicename",
    "region": "nationalgrouping nhsenglandregion nhsenglandregioncode region regioncode",
    "icb": "highlevelhealthgeography highlevelgeography healthgeography hlhg icb icbcode integratedcareboard",
    "address_1": "addressline1 address1 addr1 add1",
    "address_2": "addressline2 address2 addr2 add2",
    "address_3": "addressline3 address3 addr3 add3",
    "address_4": "addressline4 address4 addr4 add4 town",
    "address_5": "addressline5 address5 addr5 add5 county",
    "postcode": "postcode pcode",
    "opened": "opendate openeddate dateopened opened open startdate operationalstartdate",
    "closed": "closedate closeddate dateclosed closed close enddate operationalenddate",
    "status": "status statuscode",
    "parent": "parentorganisationcode parent parentcode commissioner commissionercode pcncode",
    "parent_name": "parentname pcnname",
    "joined": "joinparentdate joinproviderpurchaserdate joindate practicetopcnrelationshipstartdate",
    "left": "leftparentdate leftproviderpurchaserdate leftdate practicetopcnrelationshipenddate",
    "provider": "providerpurchaser provider providercode",
    "setting": "prescribingsetting",
    "sub_icb": "practiceparentsubicbloccode practiceparentsubicblocationcode practiceparentccgcode",
    "sub_icb_name": "practiceparentsubicblocname practiceparentsubicblocationname practiceparentsubicbname "
    "practiceparentccgname",
    "parent_sub_icb": "pcnparentsubicbloccode pcnparentsubicblocationcode pcnparentccgcode",
    "parent_sub_icb_name": "pcnparentsubicblocname pcnparentsubicblocationname pcnparentsubicbname "
    "pcnparentccgname",
    "same_sub_icb": "practicesubicbandpcnsubicbmatch practiceccgandpcnccgmatch",
}
_BY_HEADER = {header: column for column, headers in _HEADERS.items() for header in headers.split()}
COLUMNS = tuple(_HEADERS)
# What a report calls its organisations, and their parents: Site Code and Trust Code of ets. PCN Code is the
# code in epcn, and the parent in the partners of PCNs.
_PRACTICE, _SUB_ICB = "practice gppractice gp surgery", "subicb subicbloc subicblocation currentsubicbloc ccg"
_KINDS = {
    "epraccur": (_PRACTICE, _SUB_ICB),
    "egpcur": (_PRACTICE, _SUB_ICB),
    "edispensary": ("pharmacy dispensary contractor", "commissioner"),
    "egdpprac": ("practice dentalpractice contractor", "commissioner"),
    "ebranchs": ("branch branchsurgery site", f"{_PRACTICE} mainpractice"),
    "epcn": ("pcn", _SUB_ICB),
    "etr": ("trust nhstrust provider", ""),
    "ets": ("site trustsite", "trust nhstrust provider"),
    "ect": ("trust caretrust provider", ""),
    "ects": ("site trustsite", "trust caretrust provider"),
    "ectsite": ("site trustsite", "trust caretrust provider"),
    "eccg": (_SUB_ICB, ""),
    "eccgsite": ("site", _SUB_ICB),
    "epharmacyhq": ("pharmacy pharmacyhq hq headquarters", ""),
    "ephp": ("provider", ""),
    "ephpsite": ("site", "provider"),
    "ecarehomehq": ("provider carehomehq hq", ""),
    "ecarehomesite": ("carehome carehomesite site location", "provider hq"),
    "epcncorepartnerdetails": (f"{_PRACTICE} partner", "pcn"),
    "epcncorepartners": (f"{_PRACTICE} partner", "pcn"),
}


def titled_columns(report: Report, row: tuple[str | None, ...]) -> dict[str, int]:
    """Return the place, from 1, of each column that is named in a row; of the first, if two have one name."""
    named = {**_BY_HEADER, **_names_of_kinds(report)}
    names = [(n, _letters(cell or "")) for n, cell in enumerate(row, 1)]
    return {named[name]: place for place, name in reversed(names) if name in named}


def _names_of_kinds(report: Report) -> dict[str, str]:
    own, parents = _KINDS.get(report.name, ("", ""))
    # Organisations of a report without parents have other codes in such a column.
    of_parents = {f"{kind}code": "parent" for kind in parents.split()} if report.parent_rel_id else {}
    # Where a row is a link, its days are those of the link.
    of_links = {"startdate": "joined", "enddate": "left"} if report.layout != "organisations" else {}
    return (
        of_parents | of_links | {f"{kind}{what}": what for kind in own.split() for what in ("code", "name")}
    )


def _letters(cell: str) -> str:
    """Return the letters and digits of a name; Practice Cd is practicecode."""
    return re.sub(r"cd$", "code", re.sub(r"[^a-z0-9]", "", cell.lower()))
