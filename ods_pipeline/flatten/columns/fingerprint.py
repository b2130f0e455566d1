"""One number for the whole content of a record: two observations are equal if their numbers are.

Content is everything in the record except LastChangeDate: equal content read from XML and from JSON
has the same fingerprint. Fax numbers have a fingerprint of their own, since the API may leave them out.

The core is the part of the content that every source can give (``schema/silence.py``): without e-mail
addresses, the ids of targets' roles, ids and days of successions, Legal dates that equal the Operational
ones, and roles that have ended and are not primary. It decides whether a record of a source that leaves
fields out is equal to one of another source.

Each value becomes a number of 64 bits, salted with the names of its table and column. The number of a row is
mixed from the sum over its values, and that of a record from the sum over its rows, so their order does not
matter. The mixer is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014). The numbers are published:
they must stay the same in every version of every library, which plain arithmetic guarantees. They are not
meant to keep anything secret.
"""

import hashlib
from functools import cache

import numpy as np
import polars as pl

from ods_pipeline.flatten.columns.words import WORD, Words
from ods_pipeline.schema import COMPONENTS, TABLES
from ods_pipeline.schema.silence import ODT_SILENT

_NOT_CONTENT = {"last_change_date", "published_in", "capture_id", "ods_code"}
# The ordinal of a contact follows from its value.
_NOT_CONTENT_OF_A_COMPONENT = {"ods_code", "ordinal"}
# The rows that every source has. An ended role that is not primary may be missing from ODT.
_IN_CORE = {
    "contacts": ~pl.col("contact_type").is_in(["fax", "mailto"]),
    "roles": pl.col("is_primary").fill_null(False) | (pl.col("status") != "Inactive"),
}


def with_fingerprints(organisations: pl.DataFrame, components: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Add ``content_hash``, ``core_hash`` and ``fax_hash`` (Int64; fax_hash is null without fax).

    Args:
        organisations: One row per record, sorted by ``record``. The columns are added to it.
        components: The frames of the components; ``record`` joins them to their organisation.
    """
    content_columns = [
        c for c in TABLES["organisations"].stored if c not in _NOT_CONTENT and c in organisations.columns
    ]
    record = organisations["record"].to_numpy()
    own = _row_sums(organisations, "organisations", content_columns)
    core = _mixed(_without_equal_legal(organisations, "organisations", own.copy()))
    content = _mixed(own)
    fax, has_fax = np.zeros(len(record), np.uint64), np.zeros(len(record), np.bool_)
    for name in COMPONENTS:
        columns = [c for c in TABLES[name].stored if c not in _NOT_CONTENT_OF_A_COMPONENT]
        sums, owner = _row_sums(components[name], name, columns), components[name]["record"].to_numpy()
        core += _core(components[name], name, sums, owner, record)
        rows = _mixed(sums)
        if name == "contacts":
            is_fax = components[name]["contact_type"].eq_missing("fax").to_numpy()
            has_fax[np.searchsorted(record, owner[is_fax])] = True
            fax = _sums(rows[is_fax], owner[is_fax], record)
            rows, owner = rows[~is_fax], owner[~is_fax]
        content += _sums(rows, owner, record)
    fax_hash = pl.Series("fax_hash", _mixed(fax).view(np.int64)).set(pl.Series(~has_fax), None)
    hashes = [
        pl.Series(name, _mixed(numbers).view(np.int64))
        for name, numbers in (("content_hash", content), ("core_hash", core))
    ]
    return organisations.hstack([*hashes, fax_hash])


def _core(
    frame: pl.DataFrame, name: str, sums: np.ndarray, owner: np.ndarray, record: np.ndarray
) -> np.ndarray:
    """Return, for each of ``record``, the sum over the core of its rows of one component."""
    sums = sums.copy()
    if name in ("roles", "relationships"):
        sums = _without_equal_legal(frame, name, sums)
    for column in (c for c in TABLES[name].stored if f"{name}.{c}" in ODT_SILENT):
        sums -= _value_numbers(frame[column], _salt(f"{name}.{column}"))
    rows = _mixed(sums)
    if name in _IN_CORE:
        mask = frame.select(_IN_CORE[name].fill_null(True).alias("kept"))["kept"].to_numpy()
        rows, owner = rows[mask], owner[mask]
    if name == "successions" and len(rows):  # several days of one pair are one succession
        pairs = np.unique(np.stack([owner.astype(np.uint64), rows]), axis=1)
        owner, rows = pairs[0].astype(owner.dtype), pairs[1]
    return _sums(rows, owner, record)


def _without_equal_legal(frame: pl.DataFrame, table: str, sums: np.ndarray) -> np.ndarray:
    """Take Legal dates that equal the Operational ones out of the sums: not every source can give them."""
    if "legal_start" not in frame.columns:
        return sums
    legal, operational = (
        [pl.col(f"{kind}_{edge}") for edge in ("start", "end")] for kind in ("legal", "operational")
    )
    is_equal = (legal[0] == operational[0]) & legal[1].eq_missing(operational[1])
    rows = frame.select(is_equal.fill_null(False).arg_true()).to_series()
    if len(rows):
        for column in ("legal_start", "legal_end"):
            sums[rows.to_numpy()] -= _value_numbers(frame[column].gather(rows), _salt(f"{table}.{column}"))
    return sums


def _row_sums(frame: pl.DataFrame, table: str, columns: list[str]) -> np.ndarray:
    """Return a sum for each row, made of all its values. Mixed, it is the number of the row."""
    sums = np.full(frame.height, _salt(table), np.uint64)
    for column in columns:
        sums += _value_numbers(frame[column], _salt(f"{table}.{column}"))
    return sums


def _sums(rows: np.ndarray, owner: np.ndarray, record: np.ndarray) -> np.ndarray:
    """Return, for each of ``record`` (sorted), the sum over the rows that it owns."""
    sums = np.zeros(len(record), np.uint64)
    if len(rows) == 0:
        return sums
    if (owner[1:] < owner[:-1]).any():
        order = np.argsort(owner, kind="stable")
        rows, owner = rows[order], owner[order]
    starts = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    sums[np.searchsorted(record, owner[starts])] = np.add.reduceat(rows, starts)
    return sums


def _value_numbers(column: pl.Series, salt: np.uint64) -> np.ndarray:
    """Return a number for each value; 0 for null."""
    if column.dtype == pl.String:
        numbers = _text_numbers(Words(column.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())))
    else:
        numbers = column.to_physical().cast(pl.Int64).fill_null(0).to_numpy().view(np.uint64)
    mixed = _mixed(numbers ^ salt)
    return mixed * column.is_not_null().to_numpy() if column.null_count() else mixed


def _text_numbers(words: Words) -> np.ndarray:
    """Return a number for each text: its length plus the sum over its words, each salted with its place."""
    sums = words.lengths.astype(np.uint64)
    salts = _salts_of_places(-(-int(sums.max(initial=0)) // WORD))
    for place, salt in enumerate(salts):
        rows = words.having(place)
        sums[rows] += _mixed(words.at(place, rows) ^ salt)
    return sums


@cache
def _salt(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


@cache
def _salts_of_places(count: int) -> np.ndarray:
    return _mixed(np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Mix each number in place: every bit depends on every bit before, and no two numbers become one."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        numbers ^= numbers >> np.uint64(shift)
        numbers *= np.uint64(factor)
    numbers ^= numbers >> np.uint64(31)
    return numbers
