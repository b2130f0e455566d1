"""The pages that a fetch holds: which organisations are on them, and their records.

Lives here: reading pages that are on disk. Does not live here: asking for them (``changes.py``). Twenty
thousand organisations are 340 MB of JSON, so that one page is in memory at a time; what is kept of each is
small, and read once.
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ods_pipeline.sources.odt import organisations as org
from ods_pipeline.sources.odt import terms
from ods_pipeline.sources.odt.answers import resources
from ods_pipeline.sources.odt.fhir import Json, Notes, Rejected, text
from ods_pipeline.sources.odt.names import AFFILIATION, ORGANIZATION
from ods_pipeline.sources.odt.relationships import target_of, unique_id
from ods_pipeline.sources.odt.successions import edges_by_code
from ods_pipeline.sources.odt.translate import Context, affiliations_by_source, translated
from ods_pipeline.sources.protocol import HeldPages, Record
from ods_pipeline.sources.receipt import CODE

_COUNT = re.compile(rb"[?&]_count=(\d{1,6})")  # in the links of a page
BUNDLES, AFFILIATIONS, TARGETS, TARGET_TERMS = "bundle", "affiliations", "targets", "target-terms"
TERMS, ROLE_INSTANCES, SUCCESSIONS = "organisations", "role-instances", "successions"


@dataclass(frozen=True)
class Listed:
    """One organisation on a page.

    Attributes:
        stamp: LastChangeDate (ISO); None without one.
        is_stub: Whether it is a stub, which has no relationships.
        roles: Id and unique id of each role.
        relationships: Target of each relationship included on the same page, by ODS's id of it.
    """

    stamp: str | None
    is_stub: bool
    roles: tuple[tuple[str, str], ...]
    relationships: Mapping[str, str]


class Pages:
    """What the pages of one fetch hold. Each page is read once, until it is forgotten."""

    def __init__(self) -> None:
        self._listed: dict[str, dict[str, Listed]] = {}
        self.rules: Counter[str] = Counter()  # how often each rule of the translation was applied

    def forget(self) -> None:
        """Forget all pages: they will be asked for again."""
        self._listed.clear()

    def listed(self, held: HeldPages) -> dict[str, Listed]:
        """Return every organisation on the pages held, by ODS code."""
        organisations: dict[str, Listed] = {}
        for name in names(held, BUNDLES):
            if name not in self._listed:
                self._listed[name] = listed_in(json.loads(held.read(name)))
            organisations |= self._listed[name]
        return organisations

    def sizes(self, held: HeldPages) -> list[tuple[int, int, int]]:
        """For each page held: organisations asked for, organisations on it, and bytes."""
        self.listed(held)
        sizes = []
        for name in names(held, BUNDLES):
            content = held.read(name)
            count = _COUNT.search(content)
            if count is not None:
                sizes.append((int(count[1]), len(self._listed[name]), len(content)))
        return sizes

    def stamps(self, held: HeldPages) -> dict[str, str | None]:
        """Return the stamp of every organisation on the pages held."""
        return {code: entry.stamp for code, entry in self.listed(held).items()}

    def records(self, codes: set[str], held: HeldPages) -> Iterator[Record]:
        """Yield the records of these codes, page by page."""
        if not codes:
            return
        context = context_of(held)
        separate = affiliations_by_source(
            resource
            for name in names(held, AFFILIATIONS)
            for resource in resources(json.loads(held.read(name)), AFFILIATION)
        )
        left = set(codes)
        for name in names(held, BUNDLES):
            if left & self._listed.get(name, dict.fromkeys(left)).keys():
                for record in records_of(json.loads(held.read(name)), context, separate, self.rules):
                    if record.code in left:
                        left.discard(record.code)
                        yield record


def names(held: HeldPages, group: str) -> list[str]:
    """Return the names of the pages of a group, in order."""
    return [name for name in held.names() if name.startswith(f"{group}-") and name[-5:] == ".json"]


def name_of(resource: Json) -> str:
    """Return the code under which a resource is kept: its id, or a made-up name if that is no ODS code."""
    own = text(resource, "id") or ""
    if CODE.fullmatch(own):
        return own
    return f"ODT-{zlib.crc32(json.dumps(resource, sort_keys=True, default=str).encode()):08x}"


def listed_in(bundle: Json) -> dict[str, Listed]:
    """Return the organisations of a bundle."""
    included = affiliations_by_source(resources(bundle, AFFILIATION))
    return {name_of(r): _listed(r, included.get(name_of(r), [])) for r in resources(bundle, ORGANIZATION)}


def _listed(resource: Json, affiliations: list[Json]) -> Listed:
    try:
        roles = tuple((str(r["id"]), str(r["uniqueRoleId"])) for r in org.roles(resource, Notes()))
    except Rejected:
        roles = ()
    return Listed(org.stamp_of(resource), org.is_stub(resource), roles, _targets(affiliations))


def _targets(affiliations: Iterable[Json]) -> dict[str, str]:
    targets = {}
    for affiliation in affiliations:
        try:
            targets[unique_id(affiliation)] = target_of(affiliation)
        except Rejected:  # the record will be rejected when it is translated
            targets[str(affiliation.get("id"))] = ""
    return targets


def records_of(
    bundle: Json,
    context: Context,
    separate: Mapping[str, list[Json]],
    counts: Counter[str] | None = None,
) -> Iterator[Record]:
    """Return the records of a bundle.

    ``separate`` has the affiliations that were requested apart from their organisations, by code.
    """
    included = affiliations_by_source(resources(bundle, AFFILIATION))
    for resource in resources(bundle, ORGANIZATION):
        code = name_of(resource)
        affiliations = {str(a.get("id")): a for a in separate.get(code, included.get(code, []))}
        yield Record(code, translated(resource, list(affiliations.values()), context, counts))


def context_of(held: HeldPages, more: Mapping[str, Iterable[Json]] | None = None) -> Context:
    """Return what the pages of the terminology half hold. ``more`` has further pages by group."""

    def pages(group: str) -> Iterator[Json]:
        for name in names(held, group):
            yield json.loads(held.read(name))
        yield from (more or {}).get(group, ())

    roles_of_targets = {rel: role for rel, (_, role) in terms.targets(pages(TARGETS)).items() if role}
    return Context(
        primary_roles=terms.primary_scope(held.read("roles.json")),
        terms=terms.terms(pages(TERMS)),
        primary_instances=terms.primary_instances(pages(ROLE_INSTANCES)),
        roles_of_targets=roles_of_targets,
        primary_role_of={
            code: term.primary_role
            for code, term in terms.terms(pages(TARGET_TERMS)).items()
            if term.primary_role
        },
        edges=edges_by_code(terms.edges(pages(SUCCESSIONS))),
    )


def targets_in(bundle: Json) -> dict[str, str]:
    """Return the target of each affiliation of a bundle, by ODS's id of the relationship."""
    affiliations = resources(bundle, AFFILIATION)
    return _targets(affiliations)
