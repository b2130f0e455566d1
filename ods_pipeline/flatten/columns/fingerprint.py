"""One number for the whole content of a record, so that two observations can be compared at once.

Content is everything ODS says in the record except LastChangeDate: equal content read from XML and from JSON
has the same fingerprint. Fax numbers have a fingerprint of their own, since the API may leave them out.

Each value becomes a number of 64 bits, salted with the names of its table and column; the number of a row is
made of the sum over its values, and that of a record of the sum over its rows, in whatever order they come.
What mixes is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014). It is arithmetic on whole columns
and nothing else, so the same in every version of every library; nothing here is about secrecy.
"""

import hashlib
from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa

from ods_pipeline.flatten.columns.words import WORD, Words, as_array, as_series, numbers_of, valid_of
from ods_pipeline.schema import COMPONENTS, TABLES

_NOT_CONTENT = {"last_change_date", "published_in", "capture_id", "ods_code"}
# A contact's number among those of its type follows from its value.
_NOT_OF_A_ROW = {"ods_code", "ordinal"}


def with_fingerprints(organisations: pl.DataFrame, components: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Adds ``content_hash`` and ``fax_hash`` (UInt64; fax_hash null without fax) to ``organisations``.

    ``record`` joins components to their organisation; ``organisations`` are sorted by it.
    """
    own = [c for c in TABLES["organisations"].stored if c not in _NOT_CONTENT and c in organisations.columns]
    record = organisations["record"].to_numpy()
    content = _rows(organisations, "organisations", own)
    fax, has_fax = np.zeros(len(record), np.uint64), np.zeros(len(record), np.bool_)
    for name in COMPONENTS:
        table = components[name]
        columns = [c for c in TABLES[name].stored if c not in _NOT_OF_A_ROW]
        rows, of_record = _rows(table, name, columns), table["record"].to_numpy()
        if name == "contacts":
            is_fax = Words(as_array(table["contact_type"])).are("fax")
            has_fax[np.searchsorted(record, of_record[is_fax])] = True
            fax = _sums(rows[is_fax], of_record[is_fax], record)
            rows, of_record = rows[~is_fax], of_record[~is_fax]
        content += _sums(rows, of_record, record)
    fax_hash = as_series(pa.array(_mixed(fax), mask=~has_fax))
    return organisations.hstack([pl.Series("content_hash", _mixed(content)), fax_hash.alias("fax_hash")])


def _rows(frame: pl.DataFrame, table: str, columns: list[str]) -> np.ndarray:
    """A number for each row, of all its values."""
    found = np.full(frame.height, _salt(table), np.uint64)
    for column in columns:
        found += _values(frame[column], _salt(f"{table}.{column}"))
    return _mixed(found)


def _sums(rows: np.ndarray, of_record: np.ndarray, record: np.ndarray) -> np.ndarray:
    """For each of ``record`` (sorted) the sum over its rows."""
    found = np.zeros(len(record), np.uint64)
    if not len(rows):
        return found
    if (of_record[1:] < of_record[:-1]).any():
        order = np.argsort(of_record, kind="stable")
        rows, of_record = rows[order], of_record[order]
    starts = np.flatnonzero(np.append(True, of_record[1:] != of_record[:-1]))
    found[np.searchsorted(record, of_record[starts])] = np.add.reduceat(rows, starts)
    return found


def _values(column: pl.Series, salt: np.uint64) -> np.ndarray:
    """A number for each value; 0 for null."""
    array = as_array(column)
    is_text = column.dtype == pl.String
    numbers = _texts(Words(array)) if is_text else numbers_of(array).astype(np.int64).view(np.uint64)
    mixed, valid = _mixed(numbers ^ salt), valid_of(array)
    return mixed if valid is None else mixed * valid


def _texts(words: Words) -> np.ndarray:
    """A number for each text: its length and the sum over its words, each salted with its place."""
    found = words.lengths.astype(np.uint64)
    salts = _salts_of_places(-(-int(found.max(initial=0)) // WORD))
    for place, salt in enumerate(salts):
        rows = words.having(place)
        found[rows] += _mixed(words.at(place, rows) ^ salt)
    return found


@cache
def _salt(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


@cache
def _salts_of_places(count: int) -> np.ndarray:
    return _mixed(np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15))


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Numbers in which every bit depends on every bit of those given, in their place; no two become one."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        numbers ^= numbers >> np.uint64(shift)
        numbers *= np.uint64(factor)
    numbers ^= numbers >> np.uint64(31)
    return numbers
