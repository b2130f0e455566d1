"""How a table is described: column builders, and the registry every other module asks.

Lives here: the vocabulary (text, code, day, …) and ``Table``. The tables themselves stand in
``facts.py`` and the other modules beside it; what is derived from them (Arrow schema, comments, documents) in
``derive.py``, the rules that their rows must keep in ``rules.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Column:
    """One column of a table.

    ``values`` is the closed list it is from, if it is; ``least`` and ``most`` are the bounds of a number,
    inclusive. One with ``at_publication`` is joined or computed then, never stored in flat/ or history. What
    a list or struct is made of is never null.
    """

    dtype: pl.DataType
    description: str
    nullable: bool = True
    is_key: bool = False
    at_publication: bool = False
    values: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


class Schema:
    """A table as a class: its columns are the attributes, in order, and its docstring is the description."""

    @classmethod
    def columns(cls) -> dict[str, Column]:
        return {name: column for name, column in vars(cls).items() if isinstance(column, Column)}


def text(
    description: str, *, required: bool = False, key: bool = False, at_publication: bool = False
) -> Column:
    """Free text, upper case as ODS publishes it; empty text is null."""
    return Column(pl.String(), description, not (required or key), key, at_publication)


def one_of(values: Sequence[str], description: str, *, required: bool = True, key: bool = False) -> Column:
    """Text from a closed list; the list is part of the description."""
    described = f"{description} One of: {', '.join(values)}."
    return Column(pl.String(), described, not (required or key), key, values=tuple(values))


def day(
    description: str, *, required: bool = False, key: bool = False, at_publication: bool = False
) -> Column:
    """A calendar day."""
    return Column(pl.Date(), description, not (required or key), key, at_publication)


def number(description: str, *, required: bool = False, key: bool = False) -> Column:
    """A whole number."""
    return Column(pl.Int64(), description, not (required or key), key)


def hash_of(description: str, *, required: bool = True) -> Column:
    """A fingerprint of 64 bits."""
    return Column(pl.UInt64(), description, not required)


def share(description: str) -> Column:
    """A number from 0 to 1, rounded by whoever makes it."""
    return Column(pl.Float64(), description, nullable=False, least=0, most=1)


def flag(description: str, *, required: bool = True, key: bool = False) -> Column:
    """True or false; null only where ODS may leave it out."""
    return Column(pl.Boolean(), description, not required, key)


def texts(description: str, *, required: bool = True) -> Column:
    """Texts (ODS codes, mostly) in a stated order; without any it is empty if required, else null."""
    return Column(pl.List(pl.String()), description, not required)


@dataclass(frozen=True)
class Table:
    """One published table: where it lives and what it is.

    ``schema`` is the DuckDB schema (``ord``, ``history``, ``marts``); ``folder`` the folder of the
    Parquet twin below the data root. Rows are sorted by the key, which is unique.
    """

    name: str
    schema: str
    folder: str
    model: type[Schema]

    @property
    def id(self) -> str:
        """The name in the registry: tables of ``history`` share theirs with tables of ``ord``."""
        return f"history.{self.name}" if self.schema == "history" else self.name

    @property
    def description(self) -> str:
        return " ".join((self.model.__doc__ or "").split())

    @property
    def key(self) -> list[str]:
        return [name for name, column in self.model.columns().items() if column.is_key]

    @property
    def columns(self) -> list[str]:
        return list(self.model.columns())

    @property
    def stored(self) -> list[str]:
        """Columns that exist before publication (in flat/): all but the joined ones."""
        return [name for name, column in self.model.columns().items() if not column.at_publication]

    @property
    def dtypes(self) -> dict[str, pl.DataType]:
        return {name: column.dtype for name, column in self.model.columns().items()}

    @property
    def path(self) -> str:
        """Path of the Parquet file below a build or the data root."""
        return f"{self.folder}/{self.name}.parquet"

    def empty(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """A frame without rows; ``columns`` restricts it."""
        dtypes = self.dtypes
        return pl.DataFrame(schema={name: dtypes[name] for name in columns or self.columns})
