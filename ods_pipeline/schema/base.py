"""How a table is described: column builders, and the registry every other module asks.

Lives here: the vocabulary (text, code, day, …) and ``Table``. The tables themselves stand in
``facts.py`` and ``marts.py``; what is derived from them (Arrow schema, comments, documents) in
``derive.py``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dataframely as dy
import polars as pl

# A column joined or computed at publication is never stored in flat/ or in history.
AT_PUBLICATION = {"stage": "publication"}


def _meta(at_publication: bool) -> dict[str, Any] | None:
    return AT_PUBLICATION if at_publication else None


def text(
    description: str, *, required: bool = False, key: bool = False, at_publication: bool = False
) -> dy.String:
    """Free text, upper case as ODS publishes it; empty text is null."""
    return dy.String(
        nullable=not (required or key),
        primary_key=key,
        description=description,
        metadata=_meta(at_publication),
    )


def one_of(values: Sequence[str], description: str, *, required: bool = True, key: bool = False) -> dy.String:
    """Text from a closed list; the list is part of the description."""
    allowed = list(values)
    return dy.String(
        nullable=not (required or key),
        primary_key=key,
        check={"known_value": lambda col: col.is_in(allowed)},
        description=f"{description} One of: {', '.join(allowed)}.",
    )


def day(
    description: str, *, required: bool = False, key: bool = False, at_publication: bool = False
) -> dy.Date:
    """A calendar day."""
    return dy.Date(
        nullable=not (required or key),
        primary_key=key,
        description=description,
        metadata=_meta(at_publication),
    )


def number(description: str, *, required: bool = False, key: bool = False) -> dy.Int64:
    """A whole number."""
    return dy.Int64(nullable=not (required or key), primary_key=key, description=description)


def hash_of(description: str, *, required: bool = True) -> dy.UInt64:
    """A fingerprint of 64 bits."""
    return dy.UInt64(nullable=not required, description=description)


def share(description: str) -> dy.Float64:
    """A number from 0 to 1, rounded by whoever makes it."""
    return dy.Float64(nullable=False, min=0, max=1, description=description)


def flag(description: str) -> dy.Bool:
    """True or false, never null."""
    return dy.Bool(nullable=False, description=description)


def codes(description: str) -> dy.List:
    """ODS codes in a stated order; empty where there are none, never null."""
    return dy.List(dy.String(nullable=False), nullable=False, description=description)


@dataclass(frozen=True)
class Table:
    """One published table: where it lives and what it is.

    ``schema`` is the DuckDB schema (``ord``, ``history``, ``marts``); ``folder`` the folder of the
    Parquet twin below the data root. Rows are sorted by the key, which is unique.
    """

    name: str
    schema: str
    folder: str
    model: type[dy.Schema]

    @property
    def id(self) -> str:
        """The name in the registry: tables of ``history`` share theirs with tables of ``ord``."""
        return f"history.{self.name}" if self.schema == "history" else self.name

    @property
    def description(self) -> str:
        return " ".join((self.model.__doc__ or "").split())

    @property
    def key(self) -> list[str]:
        return self.model.primary_key()

    @property
    def columns(self) -> list[str]:
        return self.model.column_names()

    @property
    def stored(self) -> list[str]:
        """Columns that exist before publication (in flat/): all but the joined ones."""
        return [n for n, c in self.model.columns().items() if c.metadata != AT_PUBLICATION]

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
