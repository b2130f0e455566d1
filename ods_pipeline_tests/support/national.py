"""A register of national size, made without XML, with the shares of the August 2026 release.

It has 370,000 organisations, 770,000 relationships and 24,000 successions.

Lives here: tables of facts as marts read them. Does not live here: records (`builders.py`), real data.
"""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from ods_pipeline.schema import ORD

# kind of organisation: primary role, how many, prefix of its invented codes
BODIES = {
    "region": ("RO209", 7, "Y"),
    "icb": ("RO261", 60, "Q"),
    "sub_icb": ("RO98", 450, "C"),
    "trust": ("RO197", 600, "R"),
    "trust_site": ("RO198", 38_000, "RS"),
    "practice": ("RO177", 14_300, "A"),
    "branch": ("RO96", 6_000, "B"),
    "pcn": ("RO272", 1_400, "U"),
    "pharmacy_hq": ("RO181", 9_000, "P"),
    "pharmacy": ("RO182", 25_000, "F"),
    "dental": ("RO110", 25_000, "V"),
    "care_provider": ("RO104", 25_000, "K"),
    "care_site": ("RO101", 75_000, "L"),
    "independent": ("RO172", 15_000, "N"),
    "independent_site": ("RO176", 60_000, "NS"),
    "school": ("RO221", 75_100, "EE"),
}
# child, relationship, parent, share of the children that have it
LINKS = [
    ("icb", "RE2", "region", 1.0),
    ("sub_icb", "RE5", "icb", 1.0),
    ("trust", "RE5", "icb", 1.0),
    ("trust", "RE8", "icb", 0.9),
    ("trust_site", "RE6", "trust", 1.0),
    ("trust_site", "RE5", "icb", 1.0),
    ("practice", "RE4", "sub_icb", 1.0),
    ("practice", "RE8", "pcn", 0.5),
    ("practice", "RE6", "sub_icb", 0.6),
    ("branch", "RE6", "practice", 1.0),
    ("pcn", "RE4", "sub_icb", 1.0),
    ("pharmacy", "RE6", "pharmacy_hq", 1.0),
    ("pharmacy", "RE4", "sub_icb", 1.0),
    ("pharmacy", "RE5", "icb", 0.6),
    ("dental", "RE4", "icb", 1.0),
    ("care_site", "RE6", "care_provider", 1.0),
    ("care_site", "RE5", "icb", 1.0),
    ("independent_site", "RE6", "independent", 1.0),
    ("independent_site", "RE5", "icb", 1.0),
    ("school", "RE5", "icb", 1.0),
]
DIVIDED = 0.45  # share of links that ended and were followed by another: the reorganisations
START, CHANGE = date(2015, 4, 1), date(2026, 4, 1)


def national_register(folder: Path, seed: int = 1) -> Path:
    """Writes the tables of facts below ``folder`` and returns it."""
    rng = np.random.default_rng(seed)
    codes = {kind: [f"{prefix}{n:05}" for n in range(count)] for kind, (_, count, prefix) in BODIES.items()}
    organisations = pl.concat(
        pl.DataFrame({"ods_code": codes[kind], "primary_role_id": role})
        for kind, (role, _, _) in BODIES.items()
    )
    count = organisations.height
    closed = pl.Series(rng.random(count) < 0.41)
    ends = pl.Series([date(2016, 3, 31)]).extend_constant(date(2016, 3, 31), count - 1)
    ends = ends + pl.Series(rng.integers(0, 3600, count)).cast(pl.Duration("ms")) * 86_400_000
    organisations = organisations.with_columns(
        name=pl.format("BODY {}", pl.Series(rng.integers(0, 90_000, count))),
        status=pl.when(closed).then(pl.lit("Inactive")).otherwise(pl.lit("Active")),
        operational_start=pl.lit(START),
        operational_end=pl.when(closed).then(ends.cast(pl.Date)),
        last_change_date=pl.lit(CHANGE),
        postcode=pl.format("LS{} {}AB", *(pl.Series(rng.integers(1, n, count)) for n in (900, 9))),
        published_in=pl.lit("full"),
    )
    links = pl.concat(_links(rng, codes, link) for link in LINKS).with_row_index("unique_rel_id", 1)
    roles = pl.DataFrame({"ods_code": codes["practice"], "role_id": "RO76"}).with_row_index(
        "unique_role_id", 1
    )
    old, new = (rng.integers(0, count, 12_000) for _ in range(2))
    pairs = pl.DataFrame(
        {
            "ods_code": organisations["ods_code"].gather(old),
            "target_ods_code": organisations["ods_code"].gather(new),
            "legal_start": CHANGE,
        }
    )
    successions = pl.concat(
        [
            pairs.with_columns(succession_type=pl.lit("Successor")),
            pairs.rename({"ods_code": "target_ods_code", "target_ods_code": "ods_code"}).with_columns(
                succession_type=pl.lit("Predecessor")
            ),
        ],
        how="diagonal",
    )
    content = {
        "organisations": organisations,
        "relationships": links,
        "roles": roles,
        "successions": successions,
    }
    for table in ORD:
        frame = content.get(table.name, table.empty())
        typed = frame.cast({column: table.dtypes[column] for column in frame.columns})
        (folder / table.path).parent.mkdir(parents=True, exist_ok=True)
        whole = pl.concat([table.empty(), typed], how="diagonal").sort(table.key)
        whole.write_parquet(folder / table.path, row_group_size=122_880)
    return folder


def _links(
    rng: np.random.Generator, codes: dict[str, list[str]], link: tuple[str, str, str, float]
) -> pl.DataFrame:
    """The links of one kind: open from the start, or ended and followed by another on the day of change."""
    child, rel, parent, share = link
    children = pl.Series(codes[child]).filter(pl.Series(rng.random(len(codes[child])) < share))
    parents = pl.Series(codes[parent])
    frame = pl.DataFrame({"ods_code": children}).with_columns(
        rel_id=pl.lit(rel), status=pl.lit("Active"), operational_start=pl.lit(START)
    )
    first, second = (parents.gather(rng.integers(0, len(parents), len(children))) for _ in range(2))
    moved = pl.Series(rng.random(len(children)) < DIVIDED)
    old = frame.with_columns(
        target_ods_code=first, operational_end=pl.when(moved).then(pl.lit(date(2026, 3, 31)))
    )
    new = frame.with_columns(
        target_ods_code=second, operational_start=pl.lit(CHANGE), operational_end=pl.lit(None, pl.Date)
    )
    return pl.concat([old, new.filter(moved)])
