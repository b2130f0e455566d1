"""A whole register at one publication, and what a reader of its release must find.

Lives here: the putting together, and the records that meet another of their own code. Does not live here:
in which file what is printed (``files.py``), what the next month brings (``months.py``).
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from ods_pipeline_tests.factory.bodies import ACTIVE, ARCHIVED, make_bodies
from ods_pipeline_tests.factory.dice import Dice, Numbers
from ods_pipeline_tests.factory.links import make_links
from ods_pipeline_tests.factory.parts import make_contacts, make_roles
from ods_pipeline_tests.factory.plan import NATIONAL, PUBLISHED, RELEASED, Counts, kinds
from ods_pipeline_tests.factory.successions import make_successions


@dataclass(frozen=True)
class Register:
    """What ODS would hold on the day of publication.

    ``organisations``: one row a complete record, key ``record``; besides the stored columns ``kind``,
    ``life``, ``operator``, ``has_stub`` (the other file shows a stub of it) and ``loses`` (the reason why it
    loses to another record of its code, or null). Components hold ``record``; relationships and successions
    hold ``target``, the record pointed at.
    """

    seed: int
    published: date
    released: date
    sequence: int
    organisations: pl.DataFrame
    roles: pl.DataFrame
    relationships: pl.DataFrame
    successions: pl.DataFrame
    contacts: pl.DataFrame

    @property
    def dice(self) -> Dice:
        return Dice(self.seed)


def make_register(scale: float = 1.0, seed: int = 1) -> Register:
    """The register of August 2026 at ``scale`` times its national size (at least 0.002, for a register
    needs some of every kind)."""
    counts = NATIONAL.scaled(scale)
    dice = Dice(seed)
    bodies = make_bodies(dice, counts)
    bodies, twins = _with_repeated_codes(dice, bodies, max(1, round(scale)))
    relationships = make_links(dice, bodies, counts)
    successions = make_successions(dice, bodies, counts, twins)
    bodies = bodies.with_columns(_stubs(dice, bodies, relationships, successions, counts))
    return Register(
        seed=seed,
        published=PUBLISHED,
        released=RELEASED,
        sequence=1,
        organisations=bodies,
        roles=make_roles(dice, bodies, counts),
        relationships=relationships,
        successions=successions,
        contacts=make_contacts(dice, bodies),
    )


def _with_repeated_codes(dice: Dice, bodies: pl.DataFrame, times: int) -> tuple[pl.DataFrame, Numbers]:
    """Makes ``times`` archived sites second records of another one (T1201 stands twice in the archive),
    and gives as many open pharmacies codes that a closed one had before (FEF03 was re-used in 2025).

    Returns the bodies with ``loses``, and the records that win over a second one of themselves.
    """
    every = kinds()
    record, kind, life = (bodies[c].to_numpy() for c in ("record", "kind", "life"))

    def some(word: str, name: str, state: int) -> Numbers:
        fits = (kind == every[name].number) & (life == state)
        return dice.chosen(word, record, times, fits)

    twins = some("twins", "pct_site", ARCHIVED)
    doubles = some("doubles", "care_site", ARCHIVED)[: len(twins)]
    heirs, former = some("heirs", "pharmacy", ACTIVE), some("former holders", "pharmacy", ARCHIVED)
    heirs, former = heirs[: len(former)], former[: len(heirs)]
    copies = bodies[twins.tolist()].with_columns(
        pl.Series("record", doubles), (pl.col("operational_start") - pl.duration(days=31))
    )
    codes = bodies["ods_code"].to_numpy().copy()
    codes[former] = codes[heirs]
    loses = np.full(len(record), None, dtype=object)
    loses[former], loses[doubles] = "reused_code", "duplicate_code"
    bodies = bodies.with_columns(pl.Series("ods_code", codes.tolist(), dtype=pl.String))
    bodies = pl.concat([bodies.filter(~pl.col("record").is_in(doubles.tolist())), copies]).sort("record")
    return bodies.with_columns(pl.Series("loses", loses.tolist(), dtype=pl.String)), twins


def _stubs(
    dice: Dice, bodies: pl.DataFrame, relationships: pl.DataFrame, successions: pl.DataFrame, counts: Counts
) -> pl.Series:
    """Which records the other file shows as stubs: first of all those that it points at."""
    archived = bodies["life"].to_numpy() == ARCHIVED
    record = bodies["record"].to_numpy()
    likely = np.full(len(record), 1e-6)
    for frame in (relationships, successions):
        source, target = frame["record"].to_numpy(), frame["target"].to_numpy()
        likely[target[archived[source] != archived[target]]] = 1.0
    alone = ~bodies["ods_code"].is_duplicated().to_numpy()
    chosen = np.zeros(len(record), dtype=bool)
    chosen[dice.chosen("stubs in full", record, counts.full_stubs, likely * (archived & alone))] = True
    chosen[dice.chosen("stubs in archive", record, counts.archive_stubs, likely * (~archived & alone))] = True
    return pl.Series("has_stub", chosen)
