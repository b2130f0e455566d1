"""Successions with merges, splits, chains, a pair that point at each other, and one that succeeds itself.

Both records have an entry: Predecessor on the new one, Successor on the old one. Now and then one side is
missing, or the two sides have different ids, or their days are one apart.
"""

import numpy as np
import polars as pl

from ods_pipeline_tests.factory.dice import Dice, Numbers
from ods_pipeline_tests.factory.organisations import ACTIVE, NO_DAY, PUBLISHED_DAY, as_days
from ods_pipeline_tests.factory.plan import Counts, kinds

FIRST_SUCC_ID = 1_000
# What organisations of a kind became, and the weight with which such a succession is drawn.
BECAME = {
    "health_authority": ("local_office", 9.0),
    "primary_care_group": ("pct", 9.0),
    "pct": ("sub_icb", 9.0),
    "sub_icb": ("sub_icb", 9.0),
    "icb": ("icb", 9.0),
    "trust": ("trust", 9.0),
    "care_trust": ("trust", 9.0),
    "local_authority": ("local_authority", 9.0),
    "health_board": ("welsh_board", 9.0),
    "special_authority": ("special_authority", 5.0),
    "pct_site": ("trust_site", 3.0),
    "trust_site": ("trust_site", 3.0),
    "branch": ("branch", 0.2),
    "practice": ("practice", 0.3),
    "independent_site": ("independent_site", 0.3),
    "care_site": ("care_site", 0.1),
}
SPLIT_SHARE = 0.08


def make_successions(dice: Dice, organisations: pl.DataFrame, counts: Counts, loops: Numbers) -> pl.DataFrame:
    """Return as many successions as ``counts`` plans.

    Among them are one for each organisation of ``loops``, which succeeds itself, and one pair in a circle.

    Returns:
        ``record, succession_type, target`` (a record), ``legal_start, unique_succ_id, forward_succession``.
    """
    kind, life = organisations["kind"].to_numpy(), organisations["life"].to_numpy()
    record = organisations["record"].to_numpy()
    end = organisations["operational_end"].to_physical().fill_null(NO_DAY).cast(pl.Int64).to_numpy()
    number = {k.name: k.number for k in kinds().values()}
    weight = np.zeros(len(record))
    for name, (_, likely) in BECAME.items():
        weight[(kind == number[name]) & (life != ACTIVE)] = likely
    trusts = np.flatnonzero(kind == number["trust"])[:2]
    weight[[*trusts, *loops]] = 0
    special = len(loops) + len(trusts)
    wanted = counts.successions - special
    splits = int(wanted * SPLIT_SHARE)
    able = int((weight > 0).sum())
    old = dice.chosen("predecessors", record, min(wanted - splits, able), weight, order=True)
    # An organisation with one successor can have more: these are the splits.
    more = wanted - len(old)
    old = np.concatenate([old, np.resize(old[: max(1, 2 * more // 3)], more)])
    turn = np.arange(len(old))
    new = np.empty(len(old), dtype=np.int64)
    for name, (became, _) in BECAME.items():
        mine = kind[old] == number[name]
        pool = np.flatnonzero(kind == number[became])
        draw = (dice.share(f"{name} successor", turn[mine]) ** 2 * len(pool)).astype(np.int64)
        pick = pool[draw]
        new[mine] = np.where(pick == old[mine], pool[(draw + 1) % len(pool)], pick)
    others = old != new  # a kind with one organisation has no other to succeed it
    old, new = old[others], new[others]
    old = np.concatenate([old, loops, trusts])
    new = np.concatenate([new, loops, trusts[::-1]])
    day = np.where(end[old] == NO_DAY, PUBLISHED_DAY - 2000, end[old] + 1)
    edges = pl.DataFrame({"old": old, "new": new, "day": day}).unique(["old", "new"], maintain_order=True)
    return _sides(dice, edges)


def _sides(dice: Dice, edges: pl.DataFrame) -> pl.DataFrame:
    row = np.arange(edges.height)
    luck = dice.share("side", row)
    forward = dice.share("forward", row) < 0.5
    ids = FIRST_SUCC_ID + 2 * row
    own_ids = dice.share("own ids", row) < 0.3
    apart = (dice.share("day apart", row) < 0.05).astype(np.int64)
    unnamed = dice.share("no id", row) < 0.03
    old, new, day = (edges[c].to_numpy() for c in ("old", "new", "day"))
    on_old = pl.DataFrame(
        {
            "record": old,
            "succession_type": ["Successor"] * len(row),
            "target": new,
            "legal_start": as_days(day),
            "unique_succ_id": np.where(unnamed, -1, ids),
            "forward_succession": forward,
        }
    ).filter(pl.Series(luck >= 0.03))
    on_new = pl.DataFrame(
        {
            "record": new,
            "succession_type": ["Predecessor"] * len(row),
            "target": old,
            "legal_start": as_days(day + apart),
            "unique_succ_id": np.where(own_ids, ids + 1, ids),
            "forward_succession": ~forward,
        }
    ).filter(pl.Series(luck < 0.95))
    true_only = pl.when(pl.col("forward_succession")).then(pl.lit(True)).alias("forward_succession")
    none = pl.when(pl.col("unique_succ_id") >= 0).then("unique_succ_id").alias("unique_succ_id")
    return pl.concat([on_old, on_new]).with_columns(true_only, none)
