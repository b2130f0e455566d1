"""The register told from raw files: all that the tables of ``ord`` and ``history`` are compared with."""

import gc
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from ods_pipeline.audit.captures import Aside, Lost, Values
from ods_pipeline.audit.fetches import notices_of, tell_fetch
from ods_pipeline.audit.lives import Lives, Version, placed
from ods_pipeline.audit.raw import RawCapture
from ods_pipeline.audit.records import REL, ROLE, Row, Text
from ods_pipeline.audit.releases import tell_release

# Told how many records were read, of how many.
Step = Callable[[int, int], None]
_TOLD_EVERY = 10_000
# component, unique id, whose row is left out, whose is kept
Repeated = tuple[str, str, str, str]


@dataclass
class Register:
    """``captures``: rows of the table; ``concepts``: rows of ``code_systems``; ``standing``: the version
    that holds now, by code; ``left_out``: rows of ``repeated_ids``."""

    lives: Lives
    captures: list[Values]
    lost: list[tuple[str, Lost]]
    aside: list[Aside]
    unknown: dict[str, Counter[str]]
    concepts: dict[tuple[Text, Text], tuple[Text, ...]]
    standing: dict[str, Version]
    left_out: set[Repeated]

    @cached_property
    def names(self) -> dict[Text, dict[Text, Text]]:
        """Display names, by code system and id."""
        found: dict[Text, dict[Text, Text]] = defaultdict(dict)
        for (system, id_), row in self.concepts.items():
            found[system][id_] = row[4]
        return found

    @cached_property
    def dropped(self) -> set[tuple[Text, ...]]:
        """Component, id and code of the rows that are left out."""
        return {row[:3] for row in self.left_out}


def tell(raws: list[RawCapture], step: Step | None = None) -> Register:
    """Tells the register from all captures, one after another."""
    counts = [int(file.manifest("RecordCount") or 0) for raw in raws for file in raw.files]
    done = 0

    def read_one() -> None:
        nonlocal done
        done += 1
        if step and done % _TOLD_EVERY == 0:
            step(done, sum(counts))

    days = [raw.day for raw in raws]
    notices = placed(days, [(raw.label, notices_of(raw) if raw.is_delta else []) for raw in raws])
    register = Register(Lives(days, notices), [], [], [], {}, {}, {}, set())
    for seq, raw in enumerate(raws):
        told = tell_fetch(raw) if raw.is_delta else tell_release(raw, read_one)
        register.captures += told.rows
        register.lost += [(raw.label, lost) for lost in told.lost]
        register.aside += told.aside
        register.unknown |= told.unknown
        for row in told.concepts:
            register.concepts[row[0], row[2]] = (*row, told.concepts_from)
        register.lives.add(seq, told, raw.is_delta)
    register.lives.finish()
    register.standing = {
        code: life.versions[-1]
        for code, life in register.lives.lives.items()
        if life.versions and life.versions[-1].known_to is None
    }
    register.left_out = set(_repeated(register.standing))
    return register


def _repeated(standing: dict[str, Version]) -> Iterator[Repeated]:
    """Ids that two bodies claim: the newest observation keeps it, then the first code."""
    parts: tuple[tuple[str, int, Callable[[Version], tuple[Row, ...]]], ...] = (
        ("roles", ROLE.index("unique_role_id"), lambda v: v.record.roles),
        ("relationships", REL.index("unique_rel_id"), lambda v: v.record.rels),
    )
    for name, at, rows_of in parts:
        owners: dict[Text, str] = {}
        claims: dict[Text, set[str]] = {}
        for code, version in standing.items():
            for row in rows_of(version):
                owner = owners.setdefault(row[at], code)
                if owner != code:
                    claims.setdefault(row[at], {owner}).add(code)
        for number, codes in claims.items():
            first, *others = sorted(codes, key=lambda c: (-standing[c].last_seq, c))
            yield from ((name, number or "", other, first) for other in others)


@contextmanager
def no_cycles_collected() -> Generator[None]:
    """Millions of tuples of texts hold no cycles, and looking for them again and again takes minutes."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
