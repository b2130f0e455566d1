"""The register recomputed from raw files: everything that ``ord`` and ``history`` are compared with.

Lives here: putting all captures together. Does not live here: reading one (``releases.py``, ``fetches.py``),
the rules of a life (``lives.py``), and the rows of tables (``rows.py``).
"""

import gc
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from ods_pipeline.audit.captures import RecordSetAside, RecordSuperseded, Values
from ods_pipeline.audit.fetches import notices_of, read_fetch
from ods_pipeline.audit.lives import Lives, Version
from ods_pipeline.audit.notices import place_notices
from ods_pipeline.audit.raw import RawCapture
from ods_pipeline.audit.records import REL, ROLE, Row, Text
from ods_pipeline.audit.releases import read_release

# Called with the number of records read and the number there are.
Step = Callable[[int, int], None]
_STEP_RECORDS = 10_000
# component, unique id, whose row is left out, whose is kept
Repeated = tuple[str, str, str, str]


@dataclass
class RecomputedRegister:
    """The register as the raw files show it.

    Attributes:
        lives: The lives of all codes.
        captures: The rows of ``ord.captures``.
        superseded: The label of the release, and a record that lost in it.
        set_aside: The records that broke a rule.
        unknown: Unknown names and how often they occur, by capture id.
        concepts: The rows of ``ord.code_systems``, by code system and id.
        open_versions: The version that is open now, by code.
        repeated_ids: The rows of ``ord.repeated_ids``.
    """

    lives: Lives
    captures: list[Values]
    superseded: list[tuple[str, RecordSuperseded]]
    set_aside: list[RecordSetAside]
    unknown: dict[str, Counter[str]]
    concepts: dict[tuple[Text, Text], tuple[Text, ...]]
    open_versions: dict[str, Version]
    repeated_ids: set[Repeated]

    @cached_property
    def names(self) -> dict[Text, dict[Text, Text]]:
        """The display names by code system and id."""
        names: dict[Text, dict[Text, Text]] = defaultdict(dict)
        for (system, id_), row in self.concepts.items():
            names[system][id_] = row[4]
        return names

    @cached_property
    def dropped(self) -> set[tuple[Text, ...]]:
        """Component, unique id and code of the rows that are left out."""
        return {row[:3] for row in self.repeated_ids}


def recompute(raws: list[RawCapture], step: Step | None = None) -> RecomputedRegister:
    """Recompute the register from all captures, one after another.

    Args:
        raws: The captures, in the order in which they count.
        step: Called for every 10,000 records read.

    Raises:
        OdsError: If a file is missing or damaged.
    """
    counts = [int(file.manifest("RecordCount") or 0) for raw in raws for file in raw.files]
    done = 0

    def count_record() -> None:
        nonlocal done
        done += 1
        if step and done % _STEP_RECORDS == 0:
            step(done, sum(counts))

    days = [raw.day for raw in raws]
    notices = place_notices(days, [(raw.label, notices_of(raw) if raw.is_fetch else []) for raw in raws])
    register = RecomputedRegister(Lives(days, notices), [], [], [], {}, {}, {}, set())
    for seq, raw in enumerate(raws):
        content = read_fetch(raw) if raw.is_fetch else read_release(raw, count_record)
        register.captures += content.rows
        register.superseded += [(raw.label, lost) for lost in content.superseded]
        register.set_aside += content.set_aside
        register.unknown |= content.unknown
        for row in content.concepts:
            register.concepts[row[0], row[2]] = (*row, content.concepts_from)
        register.lives.add(seq, content, raw.is_fetch)
    register.lives.finish()
    register.open_versions = {
        code: life.versions[-1]
        for code, life in register.lives.lives.items()
        if life.versions and life.versions[-1].known_to is None
    }
    register.repeated_ids = set(_repeated(register.open_versions))
    return register


def _repeated(open_versions: dict[str, Version]) -> Iterator[Repeated]:
    """Yield ids that two organisations claim: the newest observation keeps an id, then the first code."""
    parts: tuple[tuple[str, int, Callable[[Version], tuple[Row, ...]]], ...] = (
        ("roles", ROLE.index("unique_role_id"), lambda v: v.record.roles),
        ("relationships", REL.index("unique_rel_id"), lambda v: v.record.rels),
    )
    for name, at, rows_of in parts:
        owners: dict[Text, str] = {}
        claims: dict[Text, set[str]] = {}
        for code, version in open_versions.items():
            for row in rows_of(version):
                owner = owners.setdefault(row[at], code)
                if owner != code:
                    claims.setdefault(row[at], {owner}).add(code)
        for number, codes in claims.items():
            first, *others = sorted(codes, key=lambda c: (-open_versions[c].last_seq, c))
            yield from ((name, number or "", other, first) for other in others)


@contextmanager
def without_cycle_collection() -> Generator[None]:
    """Switch off the search for cycles: millions of tuples have none, and searching them takes minutes."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
