"""Raw against published: counts and sums of every column, and where they differ, which rows and values.

The *sum* of a column adds up, over all rows, the square of a 64-bit hash of the row's key and the value's
text. It changes if a value is swapped, cut, shifted or in another row; the order of rows does not change it.
This process hashes both sides. ``hash`` has another salt in every process, so a sum means nothing outside it.
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
from ods_pipeline.audit.register import RecomputedRegister
from ods_pipeline.audit.rows import PARTS, canonical_components, organisation_of, part_of
from ods_pipeline.audit.tables import AUDITED_TABLES, AuditedTable

_BITS = (1 << 64) - 1
# Columns whose published text is brought into the form of the audit before it is compared.
_CANONICAL = {"components": canonical_components}


@dataclass(frozen=True)
class Difference:
    """A published value that the raw files contradict.

    If a whole row is on one side only, ``column`` is ``(row)``, and ``raw`` and ``published`` are ``there``
    and ``missing`` or the other way round.
    """

    table: str
    key: str
    column: str
    raw: Text
    published: Text


@dataclass
class TableComparison:
    """A comparison of one table.

    Attributes:
        table: Its name.
        raw_rows: Number of rows recomputed from the raw files.
        published_rows: Number of rows published.
        columns: The columns that were compared.
        differing: The columns whose counts or sums differ.
        differences: The first differences.
    """

    table: str
    raw_rows: int
    published_rows: int
    columns: Sequence[str]
    differing: list[str]
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether rows and columns are equal."""
        return self.raw_rows == self.published_rows and not self.differing


@dataclass
class SampleComparison:
    """A comparison field by field: the number of records and fields compared, and the first differences."""

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
            # Squared: the hash of a pair is nearly the sum of its parts' contributions, so that without the
            # square two rows could exchange their values unnoticed.
            hashes = list(map(hash, zip(keys, column, strict=True)))
            self.sums[n] = (self.sums[n] + sum(map(mul, hashes, hashes))) & _BITS


def compare(
    table: AuditedTable, register: RecomputedRegister, published: Published, most: int
) -> TableComparison:
    """Compare a table with the published one, and list at most ``most`` differences."""
    keys = [table.columns.index(column) for column in table.key]
    raw, out = (_Sums(len(table.columns), keys) for _ in range(2))
    missing = [c for c in table.columns if c not in published.columns(table.name)]
    if missing:
        return TableComparison(table.name, sum(1 for _ in table.rows(register)), 0, table.columns, missing)
    for rows in _batched(table.rows(register)):
        raw.add(list(zip(*rows, strict=True)))
    for columns in _read(table, published):
        out.add(columns)
    differing = [
        column
        for n, column in enumerate(table.columns)
        if (raw.values[n], raw.sums[n]) != (out.values[n], out.sums[n])
    ]
    comparison = TableComparison(table.name, raw.rows, out.rows, table.columns, differing)
    if not comparison.is_equal:
        comparison.differences = list(islice(_differences(table, register, published), most))
    return comparison


def _batched(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _read(table: AuditedTable, published: Published) -> Iterator[list[Column]]:
    conversions = [(n, _CANONICAL[c]) for n, c in enumerate(table.columns) if c in _CANONICAL]
    for columns in published.batches(table.name, table.columns):
        for n, canonical in conversions:
            columns[n] = [canonical(value) for value in columns[n]]
        if columns[0]:
            yield columns


def _differences(
    table: AuditedTable, register: RecomputedRegister, published: Published
) -> Iterator[Difference]:
    """Yield the values that differ and the rows that are on one side only.

    Rows are paired by key. If a key has several rows on a side, they are paired in order.
    """
    keys = [table.columns.index(column) for column in table.key]
    surplus: Counter[Row] = Counter(
        row for columns in _read(table, published) for row in zip(*columns, strict=True)
    )
    surplus.subtract(table.rows(register))
    sides: dict[Row, tuple[list[Row], list[Row]]] = {}
    for row, count in surplus.items():
        if count:
            side = sides.setdefault(tuple(row[k] for k in keys), ([], []))[count > 0]
            side.extend([row] * abs(count))
    for key in sorted(sides, key=lambda k: [x or "" for x in k]):
        raw, out = (sorted(side, key=lambda r: [x or "" for x in r]) for side in sides[key])
        key_text = " ".join(x or "" for x in key)
        for raw_row, published_row in zip(raw, out, strict=False):
            yield from _fields(table.name, key_text, table.columns, raw_row, published_row)
        for _ in raw[len(out) :]:
            yield Difference(table.name, key_text, "(row)", "there", "missing")
        for _ in out[len(raw) :]:
            yield Difference(table.name, key_text, "(row)", "missing", "there")


def _fields(
    table: str, key: str, columns: Sequence[str], raw_row: Row, published_row: Row
) -> Iterator[Difference]:
    for column, raw, out in zip(columns, raw_row, published_row, strict=True):
        if raw != out:
            yield Difference(table, key, column, raw, out)


def compare_sample(
    register: RecomputedRegister,
    connection: duckdb.DuckDBPyConnection,
    records: int,
    seed: int,
    most: int,
) -> SampleComparison:
    """Compare random records with ``ods.duckdb``, field by field.

    Args:
        register: The recomputed register.
        connection: ``ods.duckdb``.
        records: How many of the records that are in the register now to pick.
        seed: The seed of the random choice.
        most: How many differences to list at most.
    """
    held = sorted(register.open_versions)
    codes = random.Random(seed).sample(held, min(records, len(held)))
    differences, fields = [], 0
    for table in AUDITED_TABLES:
        schema, _, name = table.name.partition(".")
        if schema != "ord" or (name != "organisations" and name not in PARTS):
            continue
        published = _rows_in_duckdb(connection, table, codes)
        for code in codes:
            version = register.open_versions[code]
            expected = [organisation_of(register, code, version)] if name == "organisations" else list(
                part_of(register, name, code, version))  # fmt: skip
            fields += len(expected) * len(table.columns)
            differences += _rows_differ(table, code, expected, published.get(code, []))
    return SampleComparison(len(codes), fields, differences[:most])


def _rows_differ(
    table: AuditedTable, code: str, expected: list[Row], published: list[Row]
) -> Iterator[Difference]:
    keys = [table.columns.index(column) for column in table.key]
    left = {tuple(row[k] for k in keys): row for row in published}
    for row in expected:
        key = tuple(row[k] for k in keys)
        published_row = left.pop(key, None)
        key_text = " ".join(dict.fromkeys([code, *(x or "" for x in key)]))
        if published_row is None:
            yield Difference(table.name, key_text, "(row)", "there", "missing")
        else:
            yield from _fields(table.name, key_text, table.columns, row, published_row)
    for key in left:
        yield Difference(table.name, " ".join([code, *(x or "" for x in key)]), "(row)", "missing", "there")


def _rows_in_duckdb(
    connection: duckdb.DuckDBPyConnection, table: AuditedTable, codes: Iterable[str]
) -> dict[str, list[Row]]:
    columns = ", ".join(f'"{c}"::VARCHAR' for c in table.columns)
    rows = connection.execute(
        f"SELECT {columns} FROM {table.name} WHERE ods_code IN (SELECT unnest($codes))",
        {"codes": list(codes)},
    ).fetchall()
    by_code: dict[str, list[Row]] = {}
    for row in rows:
        by_code.setdefault(row[0], []).append(row)
    return by_code
