"""Text columns as the parser gives them to typed ones: trimmed text, days, numbers, flags.

Each has a quick way for a column in which every value is written as ODS writes it, which the bytes themselves
tell, and a careful way for the rest. Where the quick one is taken both give the same. An empty value says
nothing, like one that is not there: null.
"""

from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa

from ods_pipeline.flatten.columns.words import WORD, Words, as_series, bytes_of, valid_of

# Stands for "no day" among days as numbers.
NO_DAY = np.iinfo(np.int32).min
# Year 0 has no day that Python, DuckDB and Polars all know; ODS would mean "unknown" by it.
TEXT_DATE = r"^(?:[1-9]\d{3}|0[1-9]\d{2}|00[1-9]\d|000[1-9])-\d{2}-\d{2}$"
_DATE_LENGTH = 10
_MOST_DIGITS = 18
_FLAGS = {"true": True, "false": False}


def to_text(column: pa.Array) -> pl.Series:
    """The values without white space around them."""
    series = as_series(column)
    data, ends = bytes_of(column)
    starts, ends = ends[:-1], ends[1:]
    full = ends > starts
    if np.count_nonzero(full) == len(column) - column.null_count:
        # White space beyond ASCII, too, begins and ends with bytes that no plain sign has.
        if _are_plain(data):  # codes and ids: no blank at all
            return series
        if _are_plain(data[starts[full]]) and _are_plain(data[ends[full] - 1]):
            return series
    trimmed = series.str.strip_chars()
    return trimmed.set((trimmed == "").fill_null(False), None)


def _are_plain(signs: np.ndarray) -> bool:
    return bool((signs - np.uint8(0x21) < 0x5F).all())


def to_days(text: pl.Series) -> pl.Series:
    """ISO days to dates; null where the text is none (year 0 included). The careful way."""
    days = text.str.to_date("%Y-%m-%d", strict=False, exact=True)
    # Rare forms (blanks around it, a sign, one digit for a month) are looked at only if any is there.
    odd = (
        (text.str.len_bytes() != _DATE_LENGTH)
        | (days.is_null() & text.is_not_null())
        | (days.dt.year() < 1000)
    )
    if not odd.any():
        return days
    trimmed = text.str.strip_chars()
    shaped = trimmed.set(~trimmed.str.contains(TEXT_DATE).fill_null(False), None)
    return shaped.str.to_date("%Y-%m-%d", strict=False)


def day_numbers(column: pa.Array) -> np.ndarray:
    """ISO days to days since 1970-01-01 (int32); ``NO_DAY`` where the text is null or no day."""
    found = _quick_day_numbers(column)
    if found is None:
        return to_days(as_series(column)).to_physical().fill_null(NO_DAY).to_numpy()
    return found


def quick_days(column: pa.Array) -> pl.Series | None:
    """What ``to_days`` makes of a column in which all is written as it should be; else None."""
    found = _quick_day_numbers(column)
    return None if found is None else as_days(found)


def _quick_day_numbers(column: pa.Array) -> np.ndarray | None:
    data, ends = bytes_of(column)
    whole = np.flatnonzero(np.diff(ends) == _DATE_LENGTH)
    if len(whole) * _DATE_LENGTH != len(data) or len(whole) != len(column) - column.null_count:
        return None
    days = _whole_days(data)
    if days is None:
        return None
    found = np.full(len(column), NO_DAY, np.int32)
    found[whole] = days
    return found


def as_days(numbers: np.ndarray) -> pl.Series:
    """Days since 1970-01-01 to dates; ``NO_DAY`` is null."""
    missing = numbers == NO_DAY
    array = pa.array(numbers, pa.int32(), mask=missing if missing.any() else None)
    return as_series(array.view(pa.date32()))


def to_numbers(text: pl.Series) -> pl.Series:
    """Digits to numbers; null where there are other signs, or more than 18 digits."""
    numbers = text.cast(pl.Int64, strict=False)
    odd = (numbers < 0) | (text.str.len_bytes() > _MOST_DIGITS) | text.str.starts_with("+")
    return numbers.set(odd.fill_null(False), None) if odd.any() else numbers


def quick_numbers(column: pa.Array) -> pl.Series | None:
    """What ``to_numbers`` makes of a column in which all is one to 16 digits; else None."""
    words = Words(column)
    most = words.lengths.max(initial=0)
    full = words.having(0)
    if most > 2 * WORD or len(words.lengths[full]) != len(column) - column.null_count:
        return None
    found = np.zeros(len(words), np.int64)
    for left_out, factor in ((0, 1), (WORD, 10**WORD)):
        if most > left_out:
            numbers = _of_eight_digits(*words.ending(full, left_out))
            if numbers is None:
                return None
            found[full] += numbers * factor
    return as_series(pa.array(found, mask=_nulls(column)))


def _of_eight_digits(digits: np.ndarray, up: np.ndarray) -> np.ndarray | None:
    """Numbers of up to eight digits that end where their words do; None if any sign is no digit."""
    digits = digits ^ (_eight(ord("0")) << up)  # and so there are noughts before them
    if _above_nine(digits).any():
        return None
    for width, ones in ((8, 0x00FF00FF00FF00FF), (16, 0x0000FFFF0000FFFF), (32, 0x00000000FFFFFFFF)):
        # Two neighbours make one number of twice as many digits; the first one is the lower half.
        digits = (digits * np.uint64(10 ** (width // 8)) + (digits >> np.uint64(width))) & np.uint64(ones)
    return digits.view(np.int64)


def to_flags(text: pl.Series) -> pl.Series:
    """``true`` and ``false`` in any case to flags; null where it is neither."""
    return text.str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)


def quick_flags(column: pa.Array) -> pl.Series | None:
    """What ``to_flags`` makes of a column in which there are ``true`` and ``false`` alone; else None."""
    words = Words(column)
    is_true, is_false = words.are("true"), words.are("false")
    if np.count_nonzero(is_true) + np.count_nonzero(is_false) != len(column) - column.null_count:
        return None
    return as_series(pa.array(is_true, mask=_nulls(column)))


def _nulls(column: pa.Array) -> np.ndarray | None:
    valid = valid_of(column)
    return None if valid is None else ~valid


@cache
def _months() -> tuple[np.ndarray, np.ndarray]:
    """The first day of each month from January of year 1 on, and how many days it has."""
    months = np.datetime64("0001-01", "M") + np.arange(9999 * 12 + 1)
    first = months.astype("datetime64[D]").astype(np.int32)
    return first[:-1], np.diff(first)


def _eight(byte: int) -> np.uint64:
    return np.uint64(byte * 0x0101010101010101)


def _above_nine(digits: np.ndarray) -> np.ndarray:
    """Of eight bytes in each number, those that are no digits from 0 to 9: their highest bit."""
    return (digits | (digits + _eight(0x76))) & _eight(0x80)


# 0000-00- as eight bytes, and the places of its two dashes among them.
_SHAPE = np.frombuffer(b"0000-00-", "<u8")[0]
_DASHES = np.uint64(0xFF0000FF00000000)


def _whole_days(data: np.ndarray) -> np.ndarray | None:
    """Days in ten bytes each to days since 1970-01-01; None if any of them is none, or is of year 0.

    Eight bytes are looked at as one number: what is left of YYYY-MM- when 0000-00- is taken off are its
    digits, a byte each, and two neighbours make a number of two digits.
    """
    count = len(data) // _DATE_LENGTH
    if not count:
        return np.empty(0, np.int32)
    digits = np.ndarray(count, "<u8", data, strides=(_DATE_LENGTH,)) ^ _SHAPE
    last = data.reshape(count, _DATE_LENGTH)[:, 8:] ^ np.uint8(ord("0"))
    if (_above_nine(digits) | (digits & _DASHES)).any() or (last > 9).any():
        return None
    pairs = digits * np.uint64(10) + (digits >> np.uint64(8))
    hundreds, years, months = (
        ((pairs >> np.uint64(8 * byte)) & np.uint64(0xFF)).astype(np.int32) for byte in (0, 2, 5)
    )
    day = last[:, 0] * np.int32(10) + last[:, 1]
    month = (hundreds * 100 + years - 1) * 12 + months - 1
    if ((months < 1) | (months > 12) | (month < 0)).any():
        return None
    first, length = _months()
    if ((day < 1) | (day > length[month])).any():
        return None
    return first[month] + day - 1
