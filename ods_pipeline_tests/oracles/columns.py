"""The obvious twins of ``flatten/columns/``: one row after the other, in plain Python.

Lives here: what the fast conversions must agree with. Does not live here: the comparison
(``flatten/columns/``).
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

Row = Mapping[str, Any]

_64_BITS = (1 << 64) - 1
_EPOCH = date(1970, 1, 1)


def days_by_parent(parents: Iterable[tuple[int, ...]], dates: Iterable[Row]) -> list[tuple[date | None, ...]]:
    """Return legal_start, legal_end, operational_start and operational_end of each of ``parents``.

    ``dates``: one row per child of a Date: ``parent``, ``date`` (0 for the first child), ``date_type``,
    ``start``, ``end``. Every Date must be well-formed.
    """
    whole: list[dict[str, Any]] = []
    for row in dates:
        if row["date"] == 0:
            whole.append({"parent": row["parent"]})
        whole[-1] |= {name: row[name] for name in ("date_type", "start", "end") if row[name] is not None}
    days = {
        (d["parent"], d["date_type"], edge): d[edge] for d in whole for edge in ("start", "end") if edge in d
    }
    return [
        tuple(
            date.fromisoformat(days[key]) if (key := (parent, kind, edge)) in days else None
            for kind in ("Legal", "Operational")
            for edge in ("start", "end")
        )
        for parent in parents
    ]


def record_hash(rows: Iterable[tuple[str, Row]]) -> int:
    """Return the hash of a record, from its rows and the names of their tables, as a signed number."""
    number = _mixed(sum(_row_hash(table, row) for table, row in rows) & _64_BITS)
    return number - (number >> 63 << 64)


def _row_hash(table: str, row: Row) -> int:
    values = (_value_hash(value, _salt(f"{table}.{column}")) for column, value in row.items())
    return _mixed((_salt(table) + sum(values)) & _64_BITS)


def _value_hash(value: str | int | bool | date | None, salt: int) -> int:
    match value:
        case None:
            return 0
        case str():
            number = _text_hash(value.encode())
        case date():
            number = (value - _EPOCH).days & _64_BITS
        case _:
            number = int(value) & _64_BITS
    return _mixed(number ^ salt)


def _text_hash(text: bytes) -> int:
    words = [int.from_bytes(text[n : n + 8], "little") for n in range(0, len(text), 8)]
    salts = [_mixed(place * 0x9E3779B97F4A7C15 & _64_BITS) for place in range(1, len(words) + 1)]
    return (len(text) + sum(_mixed(word ^ salt) for word, salt in zip(words, salts, strict=True))) & _64_BITS


def _salt(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def _mixed(number: int) -> int:
    """Mix a number as SplitMix64 does at its end."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        number = (number ^ (number >> shift)) * factor & _64_BITS
    return number ^ (number >> 31)
