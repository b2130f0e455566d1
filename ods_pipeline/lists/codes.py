"""The form of a code: a cell without what people put around it, and the share of a column that are codes.

Lives here: one cell or column as text. Does not live here: which column is taken (``columns.py``), and
whether a code is held (``judging.py``).
"""

import polars as pl

# White space and invisible characters, which no code has. The macro code_key does the same in SQL.
_INVISIBLE = r"[\s\p{Z}\p{C}]"
# What spreadsheets put around text to keep it text: ="RRP" and 'RRP.
_WRAPPED = r"""^='?"?([^"]*)"?$|^'(.*)$"""
_CODE = r"^[A-Z0-9]{3,12}$"
# What people put between several codes in one cell. A blank alone may be within a code: only the register
# knows, so judging.sql splits there.
_BETWEEN = r"(?i)[\s\p{Z}]*(?:[,;/|&+\n]|[\s\p{Z}]{2}|\band\b|\bor\b)[\s\p{Z}]*"
# What people put around a code; the last four are curved quotes.
_AROUND = " \t\r\n\u00a0()[]{}<>'\"\u2018\u2019\u201c\u201d"
# Parts that are all of this form make a date, years or a number, not several codes: Apr/2026, 2026/2027.
_DATE_OR_NUMBER = r"^([0-9]+|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)$"
# A column or sheet holds codes if at least this share of its filled cells has the form of one.
ENOUGH = 0.5
_THOUSANDS = r"^\s*[0-9]{1,3}(,[0-9]{3})+(\.0+)?\s*$"


def cleaned(column: str) -> pl.Expr:
    """Return a cell as a code: full-width forms made plain, no wrapping, no spaces, upper case."""
    plain = _plain_text(column)
    plain = pl.when(plain.str.contains(_THOUSANDS)).then(plain.str.replace_all(",", "")).otherwise(plain)
    code = plain.str.replace_all(_INVISIBLE, "").str.to_uppercase()
    return pl.when(code != "").then(code)


def _plain_text(column: str) -> pl.Expr:
    return pl.col(column).str.normalize("NFKC").str.replace(_WRAPPED, "$1$2")


def one_code_per_row(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with ``part``: a cell with several codes has a row for each, others stay."""
    separated = _plain_text("given").str.replace_all(_BETWEEN, "\x1f").str.to_uppercase()
    parts = separated.str.split("\x1f").list.eval(pl.element().str.strip_chars(_AROUND))
    parts = parts.list.eval(pl.element().filter(pl.element() != ""))
    is_only_code = ~pl.element().str.contains(_DATE_OR_NUMBER)
    has_several = (
        parts.list.eval(_is_code(pl.element())).list.all() & parts.list.eval(is_only_code).list.any()
    )
    several = pl.when((has_several & (parts.list.len() > 1)).fill_null(False)).then(parts)
    return (
        rows.with_columns(several.alias("several"))
        .with_columns(
            pl.when(pl.col("several").is_null())
            .then(pl.concat_list("code"))
            .otherwise("several")
            .alias("code")
        )
        .with_columns(pl.int_ranges(1, pl.col("code").list.len() + 1).alias("part"))
        .explode("code", "part")
        .select("line", "part", "given", "code")
    )


def _is_code(text: pl.Expr) -> pl.Expr:
    """Return whether a text has the form of a code; without a digit three letters alone do."""
    return text.str.contains(_CODE) & (text.str.contains("[0-9]") | (text.str.len_chars() == 3))


def share_of_codes(column: list[str | None]) -> float:
    """Return the share of the filled cells that have the form of a code.

    Bare numbers count a tenth, because they are more often counts or years.
    """
    codes = pl.DataFrame({"given": column}, schema={"given": pl.String}).select(code=cleaned("given"))
    code = pl.col("code")
    weight = pl.when(~_is_code(code)).then(0.0).when(code.str.contains("^[0-9]+$")).then(0.1).otherwise(1.0)
    return codes.drop_nulls().select(weight.mean().fill_null(0.0)).item()
