"""The names that ODT gives to things: code systems, extensions, resources and properties.

Lives here: constants, from the official OpenAPI document and implementation guide. Does not live here: what
is done with them.
"""

_DS = "https://digital.nhs.uk/services/organisation-data-service/CodeSystem"
_ENGLAND = "https://fhir.nhs.uk/England"

# Code systems.
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
ROLE = f"{_DS}/ODSOrganisationRole"
RELATIONSHIP = f"{_DS}/ODSRelationship"
RECORD_CLASS = f"{_DS}/ODSRecordClass"
RECORD_USE = f"{_ENGLAND}/CodeSystem/England-ODSRecordUseType"
DATE_TIME_TYPE = f"{_ENGLAND}/CodeSystem/England-ODSDateTime"
ADDRESS_KEY_TYPE = "https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType"
# Code systems whose concepts are single rows of the register.
REL_INSTANCE = f"{_DS}/organization-relationship-instance"
ROLE_INSTANCE = f"{_DS}/organization-role-instance"
SUCCESSION = f"{_DS}/succession"

# Extensions.
ORGANISATION_ROLE = f"{_ENGLAND}/StructureDefinition/Extension-England-OrganisationRole"
TYPED_PERIOD = f"{_ENGLAND}/StructureDefinition/Extension-England-TypedPeriod"
TYPED_DATE_TIME = f"{_ENGLAND}/StructureDefinition/Extension-England-TypedDateTime"
ADDRESS_KEY = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AddressKey"
PROPERTY = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.contains.property"

# Resources.
ORGANIZATION, AFFILIATION = "Organization", "OrganizationAffiliation"
