"""The vocabulary for describing a table: column builders, ``Schema`` and ``Table``.

Lives here: ``text``, ``day`` and the other builders, and what one table is. Does not live here: the tables
themselves (``facts.py`` and its neighbours), what is derived from them (``derive.py``) and the rules for
their rows (``rules.py``).

These are our own classes and not dataframely's columns (tried with 3.1): description, closed list and
``at_publication`` would live in dataframely's untyped ``metadata`` dict, so the builders below would stay,
and its import would add half a second to every command, since everything imports the schema.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Items of a list and fields of a struct are never null.

    Attributes:
        dtype: The Polars type.
        description: What the column means. It is published in documents, comments and footers.
        nullable: Whether a value may be null.
        is_key: Whether the column is part of the table's key.
        at_publication: Whether the column is joined or computed when a build is published. Such a column is
            never stored in flat/ or history.
        values: The closed list that values come from; empty if there is none.
        least: The lower bound of a number, inclusive.
        most: The upper bound of a number, inclusive.
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
    """A table as a class: its attributes are the columns, in order, and its docstring is the description."""

    @classmethod
    def columns(cls) -> dict[str, Column]:
        """Return the columns by name, in the order they are defined."""
        return {name: column for name, column in vars(cls).items() if isinstance(column, Column)}


def table_of(name: str, description: str, columns: Mapping[str, Column]) -> type[Schema]:
    """Return a table as a class, from columns in their order: some may be those of another table."""
    return type(name, (Schema,), {"__doc__": description, **columns})


def text(
    description: str, *, required: bool = False, key: bool = False, at_publication: bool = False
) -> Column:
    """Describe free text, upper case as ODS publishes it. Empty text is null."""
    return Column(pl.String(), description, not (required or key), key, at_publication)


def one_of(values: Sequence[str], description: str, *, required: bool = True, key: bool = False) -> Column:
    """Describe text from a closed list. The list is appended to the description."""
    with_values = f"{description} One of: {', '.join(values)}."
    return Column(pl.String(), with_values, not (required or key), key, values=tuple(values))


def day(
    description: str, *, required: bool = False, key: bool = False, at_publication: bool = False
) -> Column:
    """Describe a calendar day. The description states whether an end is inclusive."""
    return Column(pl.Date(), description, not (required or key), key, at_publication)


def number(description: str, *, required: bool = False, key: bool = False) -> Column:
    """Describe a whole number."""
    return Column(pl.Int64(), description, not (required or key), key)


def hash_of(description: str, *, required: bool = True) -> Column:
    """Describe a 64-bit hash, as a signed number of the same bits: many readers have no unsigned ones."""
    return Column(pl.Int64(), description, not required)


def share(description: str) -> Column:
    """Describe a number from 0 to 1, bounds included. The code that computes it also rounds it."""
    return Column(pl.Float64(), description, nullable=False, least=0, most=1)


def fraction(description: str, *, required: bool = False) -> Column:
    """Describe a number with decimals. The description names its unit."""
    return Column(pl.Float64(), description, not required)


def flag(description: str, *, required: bool = True, key: bool = False) -> Column:
    """Describe true or false. It is null only where ODS may leave it out."""
    return Column(pl.Boolean(), description, not required, key)


def texts(description: str, *, required: bool = True) -> Column:
    """Describe a list of texts, mostly ODS codes, in an order that the description states.

    A required list without items is empty; any other is null.
    """
    return Column(pl.List(pl.String()), description, not required)


@dataclass(frozen=True)
class Table:
    """One published table. Rows are sorted by the key, which is unique.

    Attributes:
        name: The bare name.
        schema: The DuckDB schema: ``ord``, ``history``, ``geo``, ``marts`` or ``compat``.
        folder: The folder of the Parquet file below the data root.
        model: The class with the columns and the description.
    """

    name: str
    schema: str
    folder: str
    model: type[Schema]

    @property
    def id(self) -> str:
        """The name in the registry: with the schema in front for ``history`` and ``geo``, and bare otherwise.

        ``history`` shares names with ``ord``.
        """
        return f"{self.schema}.{self.name}" if self.schema in ("history", "geo") else self.name

    @property
    def description(self) -> str:
        """The docstring of the class on one line."""
        return " ".join((self.model.__doc__ or "").split())

    @property
    def key(self) -> list[str]:
        """The names of the key columns."""
        return [name for name, column in self.model.columns().items() if column.is_key]

    @property
    def columns(self) -> list[str]:
        """The names of all columns, in order."""
        return list(self.model.columns())

    @property
    def stored(self) -> list[str]:
        """The columns that exist before publication (in flat/): all except those joined at publication."""
        return [name for name, column in self.model.columns().items() if not column.at_publication]

    @property
    def dtypes(self) -> dict[str, pl.DataType]:
        """The Polars types by column name."""
        return {name: column.dtype for name, column in self.model.columns().items()}

    @property
    def path(self) -> str:
        """The path of the Parquet file below a build or the data root."""
        return f"{self.folder}/{self.name}.parquet"

    def empty(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return a frame without rows, with all columns or those named."""
        dtypes = self.dtypes
        return pl.DataFrame(schema={name: dtypes[name] for name in columns or self.columns})
