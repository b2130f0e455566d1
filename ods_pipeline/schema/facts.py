"""The tables of facts as ODS publishes them (DuckDB schema ``ord``).

Lives here: names, types and meanings, which are the contract with analysts, dashboards and checks. Does not
live here: what of the sources is not among them (``unused.py``), and any judgement of ours (``hierarchy.py``,
``lives.py``, ``named.py``, ``changes.py``). Columns named ``*_start`` and ``*_end`` are ODS's own days, ends
inclusive.
"""

from ods_pipeline.schema.base import Schema, day, flag, number, one_of, text

STATUSES = ("Active", "Inactive")


class Organisations(Schema):
    """One row per ODS code: the newest complete record that the register holds.

    A site is an organisation too. Active is not open: a record stays Active until all its date types have
    ended.
    """

    ods_code = text("The ODS code.", key=True)
    name = text("Name of the organisation, upper case as published.", required=True)
    record_class = one_of(("RC1", "RC2"), "RC1 is an organisation, RC2 a site.")
    status = one_of(STATUSES, "Status of the record as published.")
    status_is_inferred = flag(
        "True if the record has no status of its own and shows that of its primary role."
    )
    ref_only = flag(
        "True if only a stub is known: a record kept for reference, without relationships or successions."
    )
    primary_role_id = text(
        "Id of the primary role, which shows what kind of organisation it is.", required=True
    )
    primary_role_name = text("NHS name of the primary role.", at_publication=True)
    legal_start = day("Legal start date. About a fifth of all records have one.")
    legal_end = day("Legal end date, inclusive.")
    operational_start = day("Operational start date. ODS writes 1900-01-01 where it does not know the date.")
    operational_end = day("Operational end date, inclusive.")
    last_change_date = day("LastChangeDate: the day ODS stamped on the last change of the record.")
    address_line_1 = text("First address line. Empty lines are closed up: later lines move forward.")
    address_line_2 = text("Second address line.")
    address_line_3 = text("Third address line.")
    town = text("Town.")
    county = text("County.")
    postcode = text("Postcode as published, with its space.")
    country = text("Country.")
    uprn = number("Unique Property Reference Number.")
    assigning_authority = text("Authority that assigned the code.")
    published_in = one_of(
        ("full", "archive", "delta"), "The kind of capture this record was read from; delta is a fetch."
    )
    known_from = day(
        "First as-of date on which the register showed this content without a break since: known_from of the "
        "open version in history.organisations.",
        at_publication=True,
    )
    capture_id = text("The capture this record was read from (see captures).", required=True)


class Roles(Schema):
    """One row per role of an organisation. Exactly one role of each organisation is primary."""

    ods_code = text("The organisation that has the role.", required=True)
    role_id = text("Role id, e.g. RO197.", required=True)
    role_name = text("NHS name of the role.", at_publication=True)
    unique_role_id = number("ODS's id of this one row.", key=True)
    is_primary = flag("True for the role that shows what kind of organisation it is.")
    status = one_of(STATUSES, "Status as published.", required=False)
    legal_start = day("Legal start date.")
    legal_end = day("Legal end date, inclusive.")
    operational_start = day("Operational start date.")
    operational_end = day("Operational end date, inclusive.")


class Relationships(Schema):
    """One row per relationship. ODS records it on the source only; it points up, to the target."""

    ods_code = text("The source: the organisation whose record has the relationship.", required=True)
    rel_id = text("Relationship id, e.g. RE6.", required=True)
    rel_name = text("NHS name of the relationship.", at_publication=True)
    unique_rel_id = number("ODS's id of this one row.", key=True)
    target_ods_code = text("The organisation that the relationship points at.", required=True)
    target_primary_role_id = text("Primary role of the target, according to this record.")
    target_unique_role_id = number("Id of the target's primary role row, according to this record.")
    status = one_of(STATUSES, "Status as published.", required=False)
    legal_start = day("Legal start date.")
    legal_end = day("Legal end date, inclusive.")
    operational_start = day("Operational start date.")
    operational_end = day("Operational end date, inclusive.")


class Successions(Schema):
    """One row per succession entry as published.

    ODS records a succession on both sides: Predecessor on the new record, Successor on the old one. The two
    entries may differ by a day and in their ids.
    """

    ods_code = text("The organisation whose record has the entry.", key=True)
    succession_type = one_of(
        ("Predecessor", "Successor"), "What the target is to this organisation.", key=True
    )
    target_ods_code = text("The other organisation.", key=True)
    legal_start = day("Legal date of the succession.", key=True)
    legal_end = day("Legal end date, inclusive. ODS has never published one.")
    operational_start = day("Operational start date. ODS has never published one.")
    operational_end = day("Operational end date, inclusive. ODS has never published one.")
    unique_succ_id = number(
        "ODS's id of the entry. The two sides may share it or not, and it is sometimes missing: never a key."
    )
    target_primary_role_id = text("Primary role of the target, according to this record.")
    target_unique_role_id = number("Id of the target's primary role row, according to this record.")
    forward_succession = flag(
        "As published. It is unreliable: follow the successions instead.", required=False
    )


class Contacts(Schema):
    """One row per contact.

    The API sometimes leaves out a fax number that TRUD has. The register then keeps the last one known.
    """

    ods_code = text("The organisation.", key=True)
    contact_type = text("tel, fax, http or mailto.", key=True)
    ordinal = number("1, 2, … within the type, in order of the value.", key=True)
    contact_value = text("Number or address as published.", required=True)


class CodeSystems(Schema):
    """One row per code in the register's own code lists.

    ODS changes display names over time. These are the newest ones held.
    """

    code_system = text("OrganisationRole, OrganisationRelationship or OrganisationRecordClass.", key=True)
    oid = text("OID of the code system.")
    id = text("Id as used in records, e.g. RO197.", key=True)
    code = text("The id without its letters, e.g. 197.")
    display_name = text("NHS name.")
    in_primary_role_scope = flag("True if the role can be the primary role of an organisation.")
    capture_id = text("The newest capture that has this code.", required=True, at_publication=True)


class Captures(Schema):
    """One row per capture: a file of a release, or a fetch, that went into the register.

    In every row parsed_records = used_records + superseded_records + quarantined_records, and
    parsed_records = declared_records.
    """

    capture_id = text("Id of the capture, e.g. release=2026-08-28/full or fetch=20260824T043000Z.", key=True)
    kind = one_of(
        ("full", "archive", "delta"),
        "Full or archive file of a release; delta is a fetch. A read of the whole register (ODT) is full.",
    )
    source = one_of(("trud", "ord", "odt", "recorded", "file"), "Where the capture came from.")
    release_date = day("Date in the TRUD file name. Null for a fetch.")
    publication_date = day(
        "PublicationDate of the file, some days before the release date; the day of a fetch of the whole "
        "register. Null for any other fetch."
    )
    as_of = day("The day this capture speaks for.", required=True)
    version = text("Version of the XML format.")
    publication_source = text("PublicationSource of the file.")
    publication_seq_num = number("PublicationSeqNum of the file.")
    file_creation = text("FileCreationDateTime of the file, as published.")
    content_description = text("ContentDescription of the file.")
    stamps_from = day("First LastChangeDate that the fetch asked for.")
    stamps_to = day("Last LastChangeDate that the fetch asked for, inclusive.")
    payload_format = one_of(("xml", "json", "mixed"), "Format of the records.")
    declared_records = number(
        "Number of records that the manifest of the file, or the receipt of the fetch, declares.",
        required=True,
    )
    parsed_records = number("Number of records read.", required=True)
    stub_records = number("Of the records read: stubs (refOnly).", required=True)
    used_records = number("Of the records read: those that entered the register.", required=True)
    superseded_records = number(
        "Of the records read: those that lost to another record of the same release.", required=True
    )
    quarantined_records = number(
        "Of the records read: those set aside because they broke a rule.", required=True
    )
    unknown_elements = number(
        "Number of elements and attributes that the pipeline does not know.", required=True
    )
    applied_rules = text(
        "How many records each rule of the translation from ODT touched, e.g. legal_equals_operational 131. "
        "Null for other sources."
    )
    file_name = text("Name of the zip, or of the folder of the fetch.", required=True)
    bytes = number("Size of what was read, in bytes.", required=True)
    sha256 = text("SHA-256 of the zip or receipt, lower-case hexadecimal.", required=True)
    sha256_verified = flag("True if the SHA-256 equals the one that was published or recorded with the file.")


class Deletions(Schema):
    """One row per code that is gone from the register, with the last name held."""

    ods_code = text("The code that is gone.", key=True)
    name = text("Last name held.")
    primary_role_id = text("Last primary role held, otherwise the one in the notice.")
    deleted_on = day("Day of the notice, or as-of date of the first capture without the code.", required=True)
    reason_code = number("ODS's reason code.")
    reason = text("ODS's reason.")
    source = one_of(
        ("ord_notifications", "odt_deletion_list", "absent_from_release", "gone_from_api"),
        "The evidence that the code is gone.",
    )
    state = one_of(
        ("confirmed", "unconfirmed"),
        "unconfirmed if the evidence is a 404 or 410 alone, or absence from a release in which a record "
        "without a code was set aside. The organisation then stays in the register.",
    )
