"""A whole register at one publication, and what a reader of its release must find.

Lives here: putting it together, and the records that share a code with another. Does not live here: which
record is in which file (``files.py``), and what the next month changes (``months.py``).
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from ods_pipeline_tests.factory.dice import Dice, Numbers
from ods_pipeline_tests.factory.links import make_links
from ods_pipeline_tests.factory.organisations import ACTIVE, ARCHIVED, make_organisations
from ods_pipeline_tests.factory.parts import make_contacts, make_roles
from ods_pipeline_tests.factory.plan import NATIONAL, PUBLISHED, RELEASED, Counts, kinds
from ods_pipeline_tests.factory.successions import make_successions


@dataclass(frozen=True)
class FactoryRegister:
    """What ODS would hold on the day of publication.

    ``organisations`` has one row per complete record, with the key ``record``. Its columns are the stored
    ones, ``kind``, ``life``, ``operator``, ``has_stub`` (the other file has a stub of it) and ``loses`` (why
    it loses to another record of its code, or null). Components have ``record``; relationships and
    successions also have ``target``, the record that they point at.
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


def make_register(scale: float = 1.0, seed: int = 1) -> FactoryRegister:
    """Return the register of August 2026 at ``scale`` times its national size.

    The scale must be at least 0.002, because a register needs organisations of every kind.
    """
    counts = NATIONAL.scaled(scale)
    dice = Dice(seed)
    organisations = make_organisations(dice, counts)
    organisations, twins = _with_repeated_codes(dice, organisations, max(1, round(scale)))
    relationships = make_links(dice, organisations, counts)
    successions = make_successions(dice, organisations, counts, twins)
    organisations = organisations.with_columns(
        _stubs(dice, organisations, relationships, successions, counts)
    )
    return FactoryRegister(
        seed=seed,
        published=PUBLISHED,
        released=RELEASED,
        sequence=1,
        organisations=organisations,
        roles=make_roles(dice, organisations, counts),
        relationships=relationships,
        successions=successions,
        contacts=make_contacts(dice, organisations),
    )


def _with_repeated_codes(dice: Dice, organisations: pl.DataFrame, times: int) -> tuple[pl.DataFrame, Numbers]:
    """Make some records share a code, each kind of case ``times`` times.

    An archived site becomes a second record of another site (T1201 is in the archive twice), and an open
    pharmacy gets the code of a closed one (FEF03 was re-used in 2025).

    Returns:
        The organisations with ``loses``, and the records that have a second record and win over it.
    """
    every = kinds()
    record, kind, life = (organisations[c].to_numpy() for c in ("record", "kind", "life"))

    def some(word: str, name: str, state: int) -> Numbers:
        fits = (kind == every[name].number) & (life == state)
        return dice.chosen(word, record, times, fits)

    twins = some("twins", "pct_site", ARCHIVED)
    doubles = some("doubles", "care_site", ARCHIVED)[: len(twins)]
    heirs, former = some("heirs", "pharmacy", ACTIVE), some("former holders", "pharmacy", ARCHIVED)
    heirs, former = heirs[: len(former)], former[: len(heirs)]
    copies = organisations[twins.tolist()].with_columns(
        pl.Series("record", doubles), (pl.col("operational_start") - pl.duration(days=31))
    )
    codes = organisations["ods_code"].to_numpy().copy()
    codes[former] = codes[heirs]
    loses = np.full(len(record), None, dtype=object)
    loses[former], loses[doubles] = "reused_code", "duplicate_code"
    organisations = organisations.with_columns(pl.Series("ods_code", codes.tolist(), dtype=pl.String))
    organisations = pl.concat([organisations.filter(~pl.col("record").is_in(doubles.tolist())), copies]).sort(
        "record"
    )
    return organisations.with_columns(pl.Series("loses", loses.tolist(), dtype=pl.String)), twins


def _stubs(
    dice: Dice,
    organisations: pl.DataFrame,
    relationships: pl.DataFrame,
    successions: pl.DataFrame,
    counts: Counts,
) -> pl.Series:
    """Return which records the other file has as stubs: first of all those that it points at."""
    archived = organisations["life"].to_numpy() == ARCHIVED
    record = organisations["record"].to_numpy()
    likely = np.full(len(record), 1e-6)
    for frame in (relationships, successions):
        source, target = frame["record"].to_numpy(), frame["target"].to_numpy()
        likely[target[archived[source] != archived[target]]] = 1.0
    alone = ~organisations["ods_code"].is_duplicated().to_numpy()
    chosen = np.zeros(len(record), dtype=bool)
    chosen[dice.chosen("stubs in full", record, counts.full_stubs, likely * (archived & alone))] = True
    chosen[dice.chosen("stubs in archive", record, counts.archive_stubs, likely * (~archived & alone))] = True
    return pl.Series("has_stub", chosen)
