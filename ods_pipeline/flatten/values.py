"""The text of an XML column to a typed value: trimmed text, days, numbers, flags.

Lives here: the one meaning of each form of text, as Polars expressions on whole columns. Does not live here:
which column has which type (``rows.py``), the days of a Date element (``columns/dates.py``).

An empty value means the same as a missing one: null.
"""

import polars as pl
import pyarrow as pa

# Year 0 has no day that Python, DuckDB and Polars all know; ODS would mean "unknown" by it.
ISO_DAY = r"^(?:[1-9]\d{3}|0[1-9]\d{2}|00[1-9]\d|000[1-9])-\d{2}-\d{2}$"
_MOST_DIGITS = 18  # any number of this many digits fits into 64 bits
_FLAGS = {"true": True, "false": False}


def as_series(column: pa.Array) -> pl.Series:
    """Return the Arrow column as a Polars series, without a copy."""
    series = pl.from_arrow(column)
    assert isinstance(series, pl.Series)
    return series


def to_text(text: pl.Series) -> pl.Series:
    """Trim white space of every kind; an empty text becomes null."""
    trimmed = text.str.strip_chars()
    is_empty = trimmed == ""
    return trimmed.set(is_empty, None) if is_empty.any() else trimmed


def to_days(text: pl.Series) -> pl.Series:
    """Convert trimmed ISO days (YYYY-MM-DD, years 1 to 9999) to dates; any other text becomes null.

    The pattern is needed next to ``to_date``, which reads ``2026-8-1``, ``2026-08- 1`` and year 0, too.
    """
    days = text.str.to_date("%Y-%m-%d", strict=False, cache=False)
    is_iso = text.str.contains(ISO_DAY)
    return days if is_iso.all() else days.set(~is_iso, None)


def to_numbers(text: pl.Series) -> pl.Series:
    """Convert 1 to 18 digits to Int64; null for any other character and for more digits."""
    numbers = text.cast(pl.Int64, strict=False)
    is_odd = (numbers < 0) | (text.str.len_bytes() > _MOST_DIGITS) | text.str.starts_with("+")
    return numbers.set(is_odd, None) if is_odd.any() else numbers


def to_flags(text: pl.Series) -> pl.Series:
    """Convert ``true`` and ``false``, in any case, to Boolean; any other text becomes null."""
    return text.str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
