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

from ods_pipeline.schema import COMPONENTS, TABLES

_NOT_CONTENT = {"last_change_date", "published_in", "capture_id", "ods_code"}
# A contact's number among those of its type follows from its value.
_NOT_OF_A_ROW = {"ods_code", "ordinal"}
_WORD = 8
# How much of a word of eight bytes belongs to a text of which so many bytes are left.
_MASKS = np.array([(1 << (8 * left)) - 1 for left in range(_WORD + 1)], dtype=np.uint64)


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
            is_fax = (table["contact_type"] == "fax").fill_null(False).to_numpy()
            has_fax[np.searchsorted(record, of_record[is_fax])] = True
            fax = _sums(rows[is_fax], of_record[is_fax], record)
            rows, of_record = rows[~is_fax], of_record[~is_fax]
        content += _sums(rows, of_record, record)
    return organisations.with_columns(
        pl.Series("content_hash", _mixed(content)),
        pl.Series("fax_hash", _mixed(fax)).set(pl.Series(~has_fax), None),
    )


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
    if column.dtype == pl.String:
        numbers = _texts(column)
    else:
        numbers = column.to_physical().fill_null(0).cast(pl.Int64).to_numpy().view(np.uint64)
    mixed = _mixed(numbers ^ salt)
    if column.null_count():
        mixed[column.is_null().to_numpy()] = 0
    return mixed


def _texts(column: pl.Series) -> np.ndarray:
    """A number for each text: the sum over its words of eight bytes, each salted with its place."""
    array = column.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, values = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    data = np.zeros(int(ends[-1]) + _WORD, np.uint8)
    if values is not None:
        data[: ends[-1]] = np.frombuffer(values, np.uint8)[: ends[-1]]
    lengths = np.diff(ends)
    window = np.ndarray(len(data) - _WORD + 1, "<u8", data, strides=(1,))
    found = lengths.astype(np.uint64)
    there = lengths > 0
    if lengths.max(initial=0) <= _WORD:  # codes, ids, postcodes: one word each
        mixed = _mixed((window[ends[:-1]] & _MASKS[lengths]) ^ _salts_of_places(1)[0])
        return np.where(there, found + mixed, found)
    words = (lengths + _WORD - 1) // _WORD
    first = np.cumsum(words) - words
    text = np.repeat(np.arange(len(words)), words)
    place = np.arange(len(text)) - first[text]
    left = np.minimum(lengths[text] - _WORD * place, _WORD)
    mixed = (window[ends[text] + _WORD * place] & _MASKS[left]) ^ _salts_of_places(int(words.max()))[place]
    found[there] += np.add.reduceat(_mixed(mixed), first[there])
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
