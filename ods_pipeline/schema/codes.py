"""Identifiers of the register itself. Roles that make a kind or a parent are data: marts/*.csv."""

# The OID of ODS codes, the root of every OrgId; and of the three code systems (ORD XML v2-0-0).
ODS_CODE_ROOT = "2.16.840.1.113883.2.1.3.2.4.18.48"
CODE_SYSTEM_OIDS = {
    "OrganisationRecordClass": "2.16.840.1.113883.2.1.3.2.4.23",
    "OrganisationRelationship": "2.16.840.1.113883.2.1.3.2.4.17.508",
    "OrganisationRole": "2.16.840.1.113883.2.1.3.2.4.17.507",
}
