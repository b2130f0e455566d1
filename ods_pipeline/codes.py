"""The role, relationship and record-class codes this project relies on, each with its NHS name.

Only codes that some rule depends on stand here; the full lists come from the code systems of
each release (table ``ord.code_systems``). Names: NHS England, ORD code systems.
"""

# Primary roles (the kind of body)
TRUST = "RO197"  # NHS TRUST
CARE_TRUST = "RO107"  # CARE TRUST
TRUST_SITE = "RO198"  # NHS TRUST SITE
ICB = "RO261"  # STRATEGIC PARTNERSHIP; with RO318 an INTEGRATED CARE BOARD
SUB_ICB = "RO98"  # CLINICAL COMMISSIONING GROUP; with RO319 a SUB ICB LOCATION
REGION = "RO209"  # NHS ENGLAND (REGION)
PRESCRIBING_COST_CENTRE = "RO177"  # PRESCRIBING COST CENTRE
BRANCH_SURGERY = "RO96"  # BRANCH SURGERY
PCN = "RO272"  # PRIMARY CARE NETWORK
SOCIAL_CARE_PROVIDER = "RO104"  # SOCIAL CARE PROVIDER
SOCIAL_CARE_SITE = "RO101"  # SOCIAL CARE SITE

# Non-primary roles
GP_PRACTICE = "RO76"  # GP PRACTICE

# Relationships: a relationship stands on its source record and points up
IS_A_SUB_DIVISION_OF = "RE2"
IS_COMMISSIONED_BY = "RE4"
IS_LOCATED_IN_THE_GEOGRAPHY_OF = "RE5"
IS_OPERATED_BY = "RE6"
IS_PARTNER_TO = "RE8"
IS_NOMINATED_PAYEE_FOR = "RE9"

# The OID of ODS codes: the root of every OrgId (ORD XML v2-0-0)
ODS_CODE_ROOT = "2.16.840.1.113883.2.1.3.2.4.18.48"
