"""Relationships: which organisation points at which, and the dates.

The last row of a source has its current parent, and the rows before it have earlier parents. Some changes of
parent are announced: the current row ends on a future day, and the next row begins the day after. Some
practices have two open rows for one relationship, because a stale row was never ended.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from ods_pipeline_tests.factory.dice import Dice, Numbers
from ods_pipeline_tests.factory.organisations import (
    ACTIVE,
    NO_DAY,
    NONE,
    PUBLISHED_DAY,
    as_days,
    day_number,
    pick_parents,
)
from ods_pipeline_tests.factory.parts import numbered
from ods_pipeline_tests.factory.plan import Counts, kinds

FIRST_REL_ID = 100_000
_OPERATOR = "operator"
# All links of RE10 had ended by this day.
_PAYMENTS_ENDED = day_number(date(2022, 3, 31))
_GEOGRAPHIC = [
    "practice",
    "cost_centre",
    "dental",
    "pharmacy_hq",
    "pharmacy",
    "appliance_contractor",
    "independent",
    "independent_site",
    "care_provider",
    "care_site",
    "optical_hq",
    "optical_site",
    "local_authority",
    "school",
    "prison",
    "trust_site",
]


@dataclass(frozen=True)
class Link:
    """Sources of these kinds point at an organisation of kind ``target``, and earlier at one of ``before``.

    ``share`` is the share of sources that have the link. Links with the same ``word`` lead to the same
    parent.
    """

    rel_id: str
    sources: tuple[str, ...]
    target: str
    before: str
    word: str
    share: float = 1.0


LINKS = (
    Link("RE2", ("icb",), "region", "region", "region"),
    Link("RE2", ("sub_icb",), "icb", "icb", "icb", 0.5),
    Link("RE3", ("agency_site", "agency_programme", "agency_department"), "agency", "agency", "agency"),
    Link("RE4", ("practice", "cost_centre", "pcn", "pharmacy", "dental"), "sub_icb", "pct", "sub_icb"),
    Link("RE5", ("trust", "care_trust", "sub_icb"), "icb", "local_office", "icb"),
    Link("RE5", tuple(_GEOGRAPHIC), "sub_icb", "pct", "geography"),
    Link("RE6", tuple(k.name for k in kinds().values() if k.operator), _OPERATOR, "", _OPERATOR),
    # A practice's operator is nearly always its commissioner again.
    Link("RE6", ("practice",), "sub_icb", "pct", "sub_icb", 8_161 / 8_201),
    Link("RE8", ("practice",), "pcn", "pcn", "pcn", 0.47),
    Link("RE8", ("trust",), "icb", "icb", "icb", 0.35),
    Link("RE9", ("practice",), "pcn", "pcn", "pcn", 0.11),
    Link("RE10", ("practice",), "pcn", "pcn", "pcn", 0.06),
    Link("RE11", ("practice",), "sub_icb", "sub_icb", "reporting", 0.13),
)


def make_links(dice: Dice, organisations: pl.DataFrame, counts: Counts) -> pl.DataFrame:
    """Return as many relationships of each ``rel_id`` as ``counts`` plans.

    Returns:
        ``record, rel_id, unique_rel_id, target`` (a record), ``status`` and the four dates.
    """
    life, kind = organisations["life"].to_numpy(), organisations["kind"].to_numpy()
    days = organisations.select(
        pl.col("operational_start", "operational_end").to_physical().fill_null(NO_DAY).cast(pl.Int64)
    )
    start = np.maximum(days["operational_start"].to_numpy(), day_number(date(1974, 4, 1)))
    end = days["operational_end"].to_numpy()
    numbers = {k.name: k.number for k in kinds().values()}
    pools = {name: np.flatnonzero(kind == number) for name, number in numbers.items()}
    operator = organisations["operator"].to_numpy()
    frames = []
    for rel_id, wanted in counts.relationships:
        sources, now, before = [], [], []
        for link in (each for each in LINKS if each.rel_id == rel_id):
            mine = np.concatenate([pools[name] for name in link.sources])
            mine = mine[dice.share(f"{rel_id} {link.word} {link.target}", mine) < link.share]
            if link.target == _OPERATOR:
                mine = mine[operator[mine] != NONE]
                parent = operator[mine]
                # An earlier operator is the operator of another organisation of the same kind.
                earlier = operator[_another_of_kind(dice, pools, mine)]
            else:
                parent, _ = pick_parents(dice, link.word, mine, pools[link.target], life)
                pool = pools[link.before]
                earlier = pool[dice.below(f"{rel_id} before", mine, len(pool))]
            sources.append(mine)
            now.append(parent)
            before.append(earlier)
        frames.append(
            _rows(
                dice,
                rel_id,
                wanted,
                source=np.concatenate(sources),
                now=np.concatenate(now),
                before=np.concatenate(before),
                life=life,
                start=start,
                end=end,
            )
        )
    return numbered(dice, pl.concat(frames), "unique_rel_id", FIRST_REL_ID)


def _another_of_kind(dice: Dice, pools: dict[str, Numbers], mine: Numbers) -> Numbers:
    other = np.empty(len(mine), dtype=np.int64)
    for pool in pools.values():
        here = np.flatnonzero(np.isin(mine, pool))
        if len(here):
            other[here] = pool[dice.below("earlier operator", mine[here], len(pool))]
    return other


def _rows(
    dice: Dice,
    rel_id: str,
    wanted: int,
    *,
    source: Numbers,
    now: Numbers,
    before: Numbers,
    life: Numbers,
    start: Numbers,
    end: Numbers,
) -> pl.DataFrame:
    """Return ``wanted`` rows: at most one for each source, then more for the sources that lived long."""
    kept = dice.chosen(f"{rel_id} kept", source, wanted)
    source, now, before = source[kept], now[kept], before[kept]
    first = start[source]
    last = np.where((end[source] == NO_DAY) | (end[source] > PUBLISHED_DAY), PUBLISHED_DAY, end[source])
    times = 1 + _shared_out(dice, rel_id, wanted - len(source), source, np.maximum(last - first, 1))
    at = np.repeat(np.arange(len(source)), times)
    place = np.arange(len(at)) - np.repeat(np.cumsum(times) - times, times)
    is_last = place == times[at] - 1
    begins = first[at] + (last - first)[at] * place // times[at]
    ends = np.where(is_last, end[source][at], np.roll(begins, -1) - 1)
    can_differ = np.roll(is_last, -1) & ~is_last & (life[source][at] == ACTIVE)
    luck = dice.share(f"{rel_id} ahead", source)[at]
    ahead = can_differ & (luck < 0.01)
    to_come = PUBLISHED_DAY + 10 + dice.below(f"{rel_id} day ahead", source, 200)[at]
    ends = np.where(ahead, to_come, ends)
    begins = np.where(np.roll(ahead, 1), to_come + 1, begins)
    if rel_id == "RE8":
        ends = np.where(can_differ & (luck > 0.9), NO_DAY, ends)
    if rel_id == "RE10":
        begins = np.minimum(begins, _PAYMENTS_ENDED - 1)
        ends = np.where((ends == NO_DAY) | (ends > _PAYMENTS_ENDED), _PAYMENTS_ENDED, ends)
    target = np.where(is_last, now[at], before[at])
    target = np.where(target == source[at], now[at], target)
    legal = dice.share(f"{rel_id} legal", source)[at] < 0.05
    return pl.DataFrame(
        {
            "record": source[at],
            "rel_id": [rel_id] * len(at),
            "target": target,
            "status": np.where((ends == NO_DAY) | (ends >= PUBLISHED_DAY), "Active", "Inactive").tolist(),
            "legal_start": as_days(np.where(legal, begins, NO_DAY)),
            "legal_end": as_days(np.where(legal, ends, NO_DAY)),
            "operational_start": as_days(begins),
            "operational_end": as_days(ends),
        }
    )


def _shared_out(dice: Dice, word: str, more: int, source: Numbers, weight: Numbers) -> Numbers:
    """Return how many of ``more`` extra rows each source gets, in proportion to ``weight``."""
    if more <= 0:
        return np.zeros(len(source), dtype=np.int64)
    edges = np.cumsum(weight)
    drawn = dice.share(f"{word} history", np.arange(more)) * edges[-1]
    return np.bincount(np.searchsorted(edges, drawn, side="right"), minlength=len(source))


def ended(frame: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """End the open rows of these records on the record's day, but not before their first day."""
    joined = frame.join(days, on="record", how="left", maintain_order="left")
    ends = pl.col("on").is_not_null() & pl.col("operational_end").is_null()
    day = pl.max_horizontal("on", "operational_start")
    has_legal = ends & pl.col("legal_start").is_not_null() & pl.col("legal_end").is_null()
    return joined.with_columns(
        pl.when(ends).then(day).otherwise("operational_end").alias("operational_end"),
        pl.when(has_legal)
        .then(pl.max_horizontal(day, "legal_start"))
        .otherwise("legal_end")
        .alias("legal_end"),
        pl.when(ends).then(pl.lit("Inactive")).otherwise("status").alias("status"),
    ).drop("on")


def copied(frame: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Copy rows to new records, with the day on which the new record begins as their start."""
    nothing = pl.lit(None, pl.Date)
    return (
        frame.join(pairs, on="record", how="inner", maintain_order="left")
        .with_columns(
            pl.col("fresh").alias("record"),
            pl.col("on").alias("operational_start"),
            nothing.alias("operational_end"),
            nothing.alias("legal_start"),
            nothing.alias("legal_end"),
            pl.lit("Active").alias("status"),
        )
        .drop("fresh", "on")
    )
