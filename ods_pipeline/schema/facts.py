"""The tables of facts as ODS publishes them (DuckDB schema ``ord``). No judgement lives here.

The names and meanings are the contract with analysts, dashboards and checks. Days named ``*_start``
and ``*_end`` are ODS's own, ends inclusive; ``known_from`` says when the register first said so.
"""

from ods_pipeline.schema.base import Schema, day, flag, number, one_of, text

STATUSES = ("Active", "Inactive")


class Organisations(Schema):
    """One row an ODS code: the newest complete record that the register holds of it.
    Active is not open: a record stays Active until all its date types have ended."""

    ods_code = text("The ODS code.", key=True)
    name = text("Name of the body, upper case as published.", required=True)
    record_class = one_of(("RC1", "RC2"), "RC1 is an organisation, RC2 a site.")
    status = one_of(STATUSES, "Status of the record as published.")
    status_is_inferred = flag("The record had no status; that of its primary role stands in.")
    ref_only = flag(
        "Only a stub is known: a record kept for reference, without relationships or successions."
    )
    primary_role_id = text("Role id of the primary role (what kind of body this is).", required=True)
    primary_role_name = text("NHS name of the primary role.", at_publication=True)
    legal_start = day("First day in law; given for about a fifth of all records.")
    legal_end = day("Last day in law, inclusive.")
    operational_start = day("First day in operation; 1900-01-01 is ODS's filler for unknown.")
    operational_end = day("Last day in operation, inclusive.")
    last_change_date = day("LastChangeDate: the day ODS stamped on the record's last change.")
    address_line_1 = text("First address line; holes between lines are closed.")
    address_line_2 = text("Second address line.")
    address_line_3 = text("Third address line.")
    town = text("Town.")
    county = text("County.")
    postcode = text("Postcode as published, with its space.")
    country = text("Country.")
    uprn = number("Unique Property Reference Number.")
    assigning_authority = text("Authority that assigned the code.")
    published_in = one_of(("full", "archive", "delta"), "Where this record was read.")
    known_from = day(
        "First as-of date of the unbroken run of this content: see history.organisations.",
        at_publication=True,
    )
    capture_id = text("The file or fetch the record was read from (see captures).", required=True)


class Roles(Schema):
    """One row a role of an organisation; exactly one role of each organisation is primary."""

    ods_code = text("The organisation that has the role.", required=True)
    role_id = text("Role id, e.g. RO197.", required=True)
    role_name = text("NHS name of the role.", at_publication=True)
    unique_role_id = number("ODS's id of this very row.", key=True)
    is_primary = flag("The role that says what kind of body this is.")
    status = one_of(STATUSES, "Status as published.", required=False)
    legal_start = day("First day in law.")
    legal_end = day("Last day in law, inclusive.")
    operational_start = day("First day in operation.")
    operational_end = day("Last day in operation, inclusive.")


class Relationships(Schema):
    """One row a relationship. It stands on its source record only and points up."""

    ods_code = text("The source: the organisation that holds the relationship.", required=True)
    rel_id = text("Relationship id, e.g. RE6.", required=True)
    rel_name = text("NHS name of the relationship.", at_publication=True)
    unique_rel_id = number("ODS's id of this very row.", key=True)
    target_ods_code = text("The organisation pointed at.", required=True)
    target_primary_role_id = text("Primary role of the target, as this record states it.")
    target_unique_role_id = number("Id of the target's primary role, as this record states it.")
    status = one_of(STATUSES, "Status as published.", required=False)
    legal_start = day("First day in law.")
    legal_end = day("Last day in law, inclusive.")
    operational_start = day("First day in operation.")
    operational_end = day("Last day in operation, inclusive.")


class Successions(Schema):
    """One row a succession as published, on both sides: Predecessor on the new record, Successor
    on the old one. The two sides may differ by a day and by their ids."""

    ods_code = text("The organisation that holds the entry.", key=True)
    succession_type = one_of(
        ("Predecessor", "Successor"), "What the target is to this organisation.", key=True
    )
    target_ods_code = text("The other organisation.", key=True)
    legal_start = day("Day of the succession in law.", key=True)
    legal_end = day("Last day in law; ODS has never given one.")
    operational_start = day("First day in operation; ODS has never given one.")
    operational_end = day("Last day in operation; ODS has never given one.")
    unique_succ_id = number("ODS's id; shared by both sides or not, sometimes missing: never a key.")
    target_primary_role_id = text("Primary role of the target, as this record states it.")
    target_unique_role_id = number("Id of the target's primary role, as this record states it.")
    forward_succession = flag("As published; unreliable, walk the graph instead.", required=False)


class Contacts(Schema):
    """One row a contact. The API may leave out a fax number that TRUD has; the last known is kept."""

    ods_code = text("The organisation.", key=True)
    contact_type = text("tel, fax, http or mailto.", key=True)
    ordinal = number("1, 2, … within the type, in order of the value.", key=True)
    contact_value = text("Number or address as published.", required=True)


class CodeSystems(Schema):
    """One row a concept of the register's own code lists. Display names change over time; these are
    the newest held."""

    code_system = text("OrganisationRole, OrganisationRelationship or OrganisationRecordClass.", key=True)
    oid = text("OID of the code system.")
    id = text("Id as used in records, e.g. RO197.", key=True)
    code = text("The bare code, e.g. 197.")
    display_name = text("NHS name.")
    in_primary_role_scope = flag("The role can be the primary role of an organisation.")
    capture_id = text("The newest file or fetch that gave it.", required=True, at_publication=True)


class Captures(Schema):
    """One row a file or fetch that went into the register. For each: parsed = used + superseded +
    quarantined, and parsed = declared."""

    capture_id = text("Id of the capture, e.g. release=2026-08-28/full or fetch=20260824T043000Z.", key=True)
    kind = one_of(("full", "archive", "delta"), "What kind of input it was.")
    source = one_of(("trud", "ord", "recorded", "file"), "How it came here.")
    release_date = day("Date in the TRUD file name.")
    publication_date = day("PublicationDate of the file: some days before the release date.")
    as_of = day("The day this capture speaks for.", required=True)
    version = text("Version of the XML format.")
    publication_source = text("PublicationSource of the file.")
    publication_seq_num = number("PublicationSeqNum of the file.")
    file_creation = text("FileCreationDateTime of the file, as published.")
    content_description = text("ContentDescription of the file.")
    stamps_from = day("First LastChangeDate stamp asked for.")
    stamps_to = day("Last LastChangeDate stamp asked for, inclusive.")
    payload_format = one_of(("xml", "json", "mixed"), "Form of the records.")
    declared_records = number(
        "Records that the file's manifest, or the fetch's receipt, declares.", required=True
    )
    parsed_records = number("Records read.", required=True)
    stub_records = number("Of those: stubs (refOnly).", required=True)
    used_records = number("Of those: records that entered.", required=True)
    superseded_records = number("Of those: records that lost to another within the release.", required=True)
    quarantined_records = number("Of those: records set aside because a rule was broken.", required=True)
    unknown_elements = number("Elements or attributes that the path map does not know.", required=True)
    file_name = text("Name of the file, or of the fetch's folder.", required=True)
    bytes = number("Size of what was read.", required=True)
    sha256 = text("SHA-256 of the file or receipt, lower-case hex.", required=True)
    sha256_verified = flag("The SHA-256 agreed with the one published or recorded with it.")


class Deletions(Schema):
    """One row a code that is gone from the register: the tombstone of its organisation."""

    ods_code = text("The code that is gone.", key=True)
    name = text("Last name held.")
    primary_role_id = text("Last primary role held, or the one in the notice.")
    deleted_on = day("Day of the notice, or of the first capture without the code.", required=True)
    reason_code = number("ODS's reason code.")
    reason = text("ODS's reason.")
    source = one_of(("ord_notifications", "absent_from_release", "gone_from_api"), "How it is known.")
    state = one_of(
        ("confirmed", "unconfirmed"),
        "A 404 or 410 alone, or absence from a release in which a record without a code was set aside, is "
        "unconfirmed: the organisation then stays.",
    )


class SupersededRecords(Schema):
    """One row a record that lost to another within one release, and why, with all its columns."""

    capture_id = text("The capture it was read from.", key=True)
    record_number = number("Position of the record in its file, from 1.", key=True)
    ods_code = text("Its ODS code.", required=True)
    reason = one_of(
        ("stub_beaten_by_complete", "archive_beaten_by_full", "duplicate_code", "reused_code"), "Why it lost."
    )
    won_by_capture_id = text("The capture of the record that won.", required=True)
    won_by_record_number = number("Position of the winner in its file.", required=True)
    name = text("Name.")
    record_class = text("Record class.")
    status = text("Status.")
    ref_only = flag("It was a stub.")
    primary_role_id = text("Primary role.")
    legal_start = day("First day in law.")
    legal_end = day("Last day in law, inclusive.")
    operational_start = day("First day in operation.")
    operational_end = day("Last day in operation, inclusive.")
    last_change_date = day("LastChangeDate.")
    address_line_1 = text("First address line.")
    address_line_2 = text("Second address line.")
    address_line_3 = text("Third address line.")
    town = text("Town.")
    county = text("County.")
    postcode = text("Postcode.")
    country = text("Country.")
    uprn = number("UPRN.")
    assigning_authority = text("Authority that assigned the code.")
    components = text("Its roles, relationships, successions and contacts as JSON.")


class QuarantinedRecords(Schema):
    """One row a record that broke a rule and was set aside; the register keeps what it held before."""

    capture_id = text("The capture it was read from.", key=True)
    record_number = number("Position of the record in its file or fetch, from 1.", key=True)
    ods_code = text("Its ODS code, where it has one.")
    name = text("Its name, where it has one.")
    file_name = text("The file it stands in.", required=True)
    rule = text("The first rule it breaks.", required=True)
    detail = text("What was found.", required=True)
    payload = text("The record as received.")


class RepeatedIds(Schema):
    """One row a role or relationship that is left out because the record of another organisation has the
    same unique id. ODS's ids are unique, so this is a fault at the source: the newest record keeps the id."""

    component = one_of(("roles", "relationships"), "The table it would stand in.", key=True)
    unique_id = number("The id that two records have.", key=True)
    ods_code = text("The organisation whose row is left out.", key=True)
    kept_by_ods_code = text("The organisation whose row is kept.", required=True)


class UnresolvedTargets(Schema):
    """One row a code that some relationship or succession points at and that the register does not
    hold. Listed, never guessed."""

    target_ods_code = text("The code pointed at.", key=True)
    pointed_at_by = number("How many relationships and successions point at it.", required=True)
    example_ods_code = text("The first organisation that points at it, in order of code.", required=True)
    was_deleted = flag("The code stands in deletions.")


class UnknownElements(Schema):
    """One row a name in a capture that the path map does not know, so that the day ODS adds
    something is noticed. Its content is kept in raw/ only."""

    capture_id = text("The capture.", key=True)
    name = text("Path (JSON) or name (XML) of the element or attribute.", key=True)
    occurrences = number("How often.", required=True)
