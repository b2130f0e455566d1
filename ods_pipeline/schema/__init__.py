"""The facts about tables: one class per table, from which everything else is derived.

``TABLES`` is the registry. Its order is the order of the documents; the order in which marts are built
follows from their SQL (``marts/lineage.py``). The key of a table of ``ord``, ``marts`` or ``compat`` is its
bare name, that of a table of ``history`` or ``geo`` is ``<schema>.<name>``.
"""

from ods_pipeline.schema import changes, compat, facts, geo, hierarchy, history, lives, named, places, unused
from ods_pipeline.schema.base import Table

ORD = [
    Table("organisations", "ord", "tables", facts.Organisations),
    Table("roles", "ord", "tables", facts.Roles),
    Table("relationships", "ord", "tables", facts.Relationships),
    Table("successions", "ord", "tables", facts.Successions),
    Table("contacts", "ord", "tables", facts.Contacts),
    Table("code_systems", "ord", "tables", facts.CodeSystems),
    Table("captures", "ord", "tables", facts.Captures),
    Table("deletions", "ord", "tables", facts.Deletions),
    Table("superseded_records", "ord", "tables", unused.SupersededRecords),
    Table("quarantined_records", "ord", "tables", unused.QuarantinedRecords),
    Table("repeated_ids", "ord", "tables", unused.RepeatedIds),
    Table("unresolved_targets", "ord", "tables", unused.UnresolvedTargets),
    Table("unknown_elements", "ord", "tables", unused.UnknownElements),
]
HISTORY = [
    Table("organisations", "history", "history", history.Organisations),
    Table("roles", "history", "history", history.Roles),
    Table("relationships", "history", "history", history.Relationships),
    Table("successions", "history", "history", history.Successions),
    Table("contacts", "history", "history", history.Contacts),
    Table("observations", "history", "history", history.Observations),
    Table("notices", "history", "history", history.Notices),
]
GEO = [
    Table("postcodes", "geo", "geo", geo.Postcodes),
    Table("areas", "geo", "geo", geo.Areas),
    Table("uprns", "geo", "geo", geo.Uprns),
]
MARTS = [
    Table("organisation_kinds", "marts", "marts", hierarchy.OrganisationKinds),
    Table("succession_edges", "marts", "marts", lives.SuccessionEdges),
    Table("organisation_status", "marts", "marts", lives.OrganisationStatus),
    Table("hierarchy_edges", "marts", "marts", hierarchy.HierarchyEdges),
    Table("hierarchy_parents", "marts", "marts", hierarchy.HierarchyParents),
    Table("provider_hierarchy", "marts", "marts", hierarchy.ProviderHierarchy),
    Table("provider_hierarchy_via", "marts", "marts", hierarchy.ProviderHierarchyVia),
    Table("provider_hierarchy_current", "marts", "marts", hierarchy.ProviderHierarchyCurrent),
    Table("hierarchy_closure", "marts", "marts", hierarchy.HierarchyClosure),
    Table("code_crosswalk", "marts", "marts", lives.CodeCrosswalk),
    Table("successor_candidates", "marts", "marts", lives.SuccessorCandidates),
    Table("closed_codes", "marts", "marts", lives.ClosedCodes),
    Table("icb_changes", "marts", "marts", changes.IcbChanges),
]
# Tables that answer one common question each; they are built on those above.
MARTS += [
    Table("organisation_parents", "marts", "marts", named.OrganisationParents),
    Table("gp_practices", "marts", "marts", named.GpPractices),
    Table("pcn_membership", "marts", "marts", named.PcnMembership),
    Table("trust_sites", "marts", "marts", named.TrustSites),
    Table("code_finder", "marts", "marts", named.CodeFinder),
    Table("social_care_sites", "marts", "marts", named.SocialCareSites),
    Table("vaccination_sites", "marts", "marts", named.VaccinationSites),
    Table("organisation_places", "marts", "marts", places.OrganisationPlaces),
    Table("coverage", "marts", "marts", named.Coverage),
]
# The shape of NHS England's own reference data. They are built as marts are.
MARTS += [
    Table("org_daily", "compat", "compat", compat.OrgDaily),
    Table("org_relationship_daily", "compat", "compat", compat.OrgRelationshipDaily),
]
# Marts that Polars builds from history; all others are SQL.
EVENTS = [
    Table("code_changes", "marts", "marts", changes.CodeChanges),
    Table("drift", "marts", "marts", changes.Drift),
    Table("source_differences", "marts", "marts", changes.SourceDifferences),
]
SCHEMAS = ("ord", "history", "geo", "marts", "compat")
TABLES = {table.id: table for table in [*ORD, *HISTORY, *GEO, *EVENTS, *MARTS]}

# The parts of one organisation record, each a table in flat/.
COMPONENTS = ("roles", "relationships", "successions", "contacts")

__all__ = ["COMPONENTS", "EVENTS", "GEO", "HISTORY", "MARTS", "ORD", "SCHEMAS", "TABLES", "Table"]
