"""Raw against published: counts and sums of every column, and where they differ, which rows and values.

A *sum* of a column is the sum over all rows of the square of a 64-bit hash of the row's key and the value's
text: a value that is swapped, cut, shifted or stands in another row changes it, the order of rows does not.
Both sides are hashed by this process (``hash`` is salted anew in each), so that sums are for comparing only.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import mul

import duckdb

from ods_pipeline.audit.published import BATCH, Column, Published
from ods_pipeline.audit.records import Row, Text
from ods_pipeline.audit.register import Register
from ods_pipeline.audit.tables import PARTS, TABLES, Told, components_as_told, organisation_of, part_of

_BITS = (1 << 64) - 1
_AS_TOLD = {"components": components_as_told}


@dataclass(frozen=True)
class Difference:
    """A value that is not what the raw files say. ``None`` for both: the row stands on one side only."""

    table: str
    key: str
    column: str
    raw: Text
    published: Text


@dataclass
class Compared:
    """A table compared. ``columns`` were compared; ``differing`` are those whose sums differ."""

    table: str
    raw_rows: int
    published_rows: int
    columns: Sequence[str]
    differing: list[str]
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        return self.raw_rows == self.published_rows and not self.differing


@dataclass
class Sampled:
    """The sample: how many records and fields were compared, and what differs."""

    records: int
    fields: int
    differences: list[Difference]


class _Sums:
    def __init__(self, columns: int, keys: Sequence[int]) -> None:
        self.rows, self.values, self.sums, self.keys = 0, [0] * columns, [0] * columns, keys

    def add(self, columns: Sequence[Column]) -> None:
        self.rows += len(columns[0])
        parts = [columns[k] for k in self.keys]
        keys = parts[0] if len(parts) == 1 else list(zip(*parts, strict=True))
        for n, column in enumerate(columns):
            self.values[n] += len(column) - column.count(None)
            # Squared: the hash of a pair is nearly the sum of what its parts give, so that two rows could
            # exchange their values unseen.
            hashes = list(map(hash, zip(keys, column, strict=True)))
            self.sums[n] = (self.sums[n] + sum(map(mul, hashes, hashes))) & _BITS


def compare(told: Told, register: Register, published: Published, most: int) -> Compared:
    """Compares a table; names ``most`` differences at most."""
    keys = [told.columns.index(column) for column in told.key]
    raw, out = (_Sums(len(told.columns), keys) for _ in range(2))
    missing = [c for c in told.columns if c not in published.columns(told.name)]
    if missing:
        return Compared(told.name, sum(1 for _ in told.rows(register)), 0, told.columns, missing)
    for rows in _batched(told.rows(register)):
        raw.add(list(zip(*rows, strict=True)))
    for columns in _read(told, published):
        out.add(columns)
    differing = [
        column
        for n, column in enumerate(told.columns)
        if (raw.values[n], raw.sums[n]) != (out.values[n], out.sums[n])
    ]
    found = Compared(told.name, raw.rows, out.rows, told.columns, differing)
    if not found.is_equal:
        found.differences = list(islice(_differences(told, register, published), most))
    return found


def _batched(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _read(told: Told, published: Published) -> Iterator[list[Column]]:
    transformed = [(n, _AS_TOLD[c]) for n, c in enumerate(told.columns) if c in _AS_TOLD]
    for columns in published.batches(told.name, told.columns):
        for n, as_told in transformed:
            columns[n] = [as_told(value) for value in columns[n]]
        if columns[0]:
            yield columns


def _differences(told: Told, register: Register, published: Published) -> Iterator[Difference]:
    """Row by row: which values differ, and which rows stand on one side only. Rows are paired by key; in a
    key that stands more often, the rows left over are paired in order."""
    keys = [told.columns.index(column) for column in told.key]
    more: Counter[Row] = Counter(
        row for columns in _read(told, published) for row in zip(*columns, strict=True)
    )
    more.subtract(told.rows(register))
    sides: dict[Row, tuple[list[Row], list[Row]]] = {}
    for row, count in more.items():
        if count:
            side = sides.setdefault(tuple(row[k] for k in keys), ([], []))[count > 0]
            side.extend([row] * abs(count))
    for key in sorted(sides, key=lambda k: [x or "" for x in k]):
        raw, out = (sorted(side, key=lambda r: [x or "" for x in r]) for side in sides[key])
        words = " ".join(x or "" for x in key)
        for one, other in zip(raw, out, strict=False):
            yield from _fields(told.name, words, told.columns, one, other)
        for _ in raw[len(out) :]:
            yield Difference(told.name, words, "(row)", "there", "missing")
        for _ in out[len(raw) :]:
            yield Difference(told.name, words, "(row)", "missing", "there")


def _fields(table: str, key: str, columns: Sequence[str], one: Row, other: Row) -> Iterator[Difference]:
    for column, raw, out in zip(columns, one, other, strict=True):
        if raw != out:
            yield Difference(table, key, column, raw, out)


def compare_sample(
    register: Register, connection: duckdb.DuckDBPyConnection, records: int, seed: int, most: int
) -> Sampled:
    """Takes ``records`` standing records by chance and compares each field of each of their rows with what
    ``ods.duckdb`` holds of that code."""
    standing = sorted(register.standing)
    codes = random.Random(seed).sample(standing, min(records, len(standing)))
    found, fields = [], 0
    for told in TABLES:
        schema, _, name = told.name.partition(".")
        if schema != "ord" or (name != "organisations" and name not in PARTS):
            continue
        out = _rows_in_duckdb(connection, told, codes)
        for code in codes:
            version = register.standing[code]
            expected = [organisation_of(register, code, version)] if name == "organisations" else list(
                part_of(register, name, code, version))  # fmt: skip
            fields += len(expected) * len(told.columns)
            found += _rows_differ(told, code, expected, out.get(code, []))
    return Sampled(len(codes), fields, found[:most])


def _rows_differ(told: Told, code: str, expected: list[Row], given: list[Row]) -> Iterator[Difference]:
    keys = [told.columns.index(column) for column in told.key]
    held = {tuple(row[k] for k in keys): row for row in given}
    for row in expected:
        key = tuple(row[k] for k in keys)
        other = held.pop(key, None)
        words = " ".join(dict.fromkeys([code, *(x or "" for x in key)]))
        if other is None:
            yield Difference(told.name, words, "(row)", "there", "missing")
        else:
            yield from _fields(told.name, words, told.columns, row, other)
    for key in held:
        yield Difference(told.name, " ".join([code, *(x or "" for x in key)]), "(row)", "missing", "there")


def _rows_in_duckdb(
    connection: duckdb.DuckDBPyConnection, told: Told, codes: Iterable[str]
) -> dict[str, list[Row]]:
    columns = ", ".join(f'"{c}"::VARCHAR' for c in told.columns)
    rows = connection.execute(
        f"SELECT {columns} FROM {told.name} WHERE ods_code IN (SELECT unnest($codes))", {"codes": list(codes)}
    ).fetchall()
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found
