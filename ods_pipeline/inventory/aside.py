"""Codes whose newest record was set aside: the register keeps an older one, so they count as missing.

Lives here: which codes these are, and which fetches were set aside in such a part that their stamps are not
settled. Does not live here: the rules that a record breaks (``flatten/``), asking again (``intake.py``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ods_pipeline.dataroot.flat import each_flat_folder
from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline.errors import OdsError
from ods_pipeline.inventory.held import captures_in

# A fetch with more records set aside than both is not an answer about its stamps.
FEW, SHARE = 10, 0.1
# This many codes are named one by one; the others are counted.
NAMED = 10


@dataclass(frozen=True)
class Aside:
    """A code whose newest record was set aside: the capture's flat folder and its day (ISO), and the rule."""

    label: str
    as_of: str
    rule: str


def is_unsettled() -> pl.Expr:
    """Return whether a capture lost so many records to quarantine that its stamps are due again."""
    aside, parsed = pl.col("quarantined_records"), pl.col("parsed_records")
    return (pl.col("kind") == "delta") & (aside > FEW) & (aside > SHARE * parsed)


def unsettled_fetches(root: DataRoot) -> set[str]:
    """Return the names of the fetches that ``is_unsettled`` is true of."""
    captures = captures_in(each_flat_folder(root, "fetch"))
    return set() if captures is None else set(captures.filter(is_unsettled())["capture_id"])


def set_aside_codes(root: DataRoot) -> dict[str, Aside]:
    """Return the codes whose newest record lies in quarantine, sorted.

    Only the newest release and what came after it count. A notice of deletion, a 404 or a record that can be
    used, in the same capture or a later one, ends it.
    """
    codes: dict[str, Aside] = {}
    for folder in _since_newest_release([*each_flat_folder(root)]):
        read = {
            name: pl.read_parquet(folder / f"{name}.parquet")
            for name in ("captures", "quarantined_records", "notices")
        }
        as_of = str(read["captures"]["as_of"][0])
        aside = read["quarantined_records"].filter(pl.col("ods_code").is_not_null()).sort("ods_code", "rule")
        rules = dict(aside.select("ods_code", "rule").iter_rows())
        if not (codes or rules):
            continue
        answered = pl.read_parquet(folder / "organisations.parquet", columns=["ods_code"])["ods_code"]
        gone = read["notices"]["ods_code"]
        for code in _among(codes.keys() | rules.keys(), answered) | _among(codes.keys(), gone):
            codes.pop(code, None)
            rules.pop(code, None)
        codes |= {code: Aside(folder.name, as_of, rule) for code, rule in rules.items()}
    return {code: codes[code] for code in sorted(codes)}


def set_aside_problems(root: DataRoot) -> list[str]:
    """Return a line for each code whose newest record lies in quarantine; after ``NAMED`` their number."""
    codes = set_aside_codes(root)
    do = "The register keeps the record before it, and the next fetch asks for it again"
    lines = [
        str(OdsError(f"its newest record was set aside ({a.rule}, {a.label})", where=code, do=do))
        for code, a in [*codes.items()][:NAMED]
    ]
    more = len(codes) - NAMED
    return [*lines, f"{more:,} more codes have their newest record in quarantine/."] if more > 0 else lines


def _since_newest_release(folders: list[Path]) -> list[Path]:
    """Return the newest release, or read of the whole register, and the fetches after it, in order."""
    read = {f: pl.read_parquet(f / "captures.parquet", columns=["as_of", "kind"]) for f in folders}
    is_delta = {f: captures["kind"][0] == "delta" for f, captures in read.items()}
    ordered = sorted(folders, key=lambda f: (read[f]["as_of"][0], is_delta[f], f.name))
    releases = [n for n, folder in enumerate(ordered) if not is_delta[folder]]
    return ordered[releases[-1] :] if releases else []


def _among(codes: Iterable[str], held: pl.Series) -> set[str]:
    wanted = [*codes]
    return set(held.filter(held.is_in(wanted))) if wanted else set()
