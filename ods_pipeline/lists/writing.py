"""Query results as CSV text that any spreadsheet can open without harm."""

import polars as pl

# A spreadsheet takes a cell that begins so for a formula, and a formula may do harm. Where East Asian input
# is usual, full-width characters count as the plain ones. Blanks and invisible characters before them are no
# protection.
_FORMULA = r"^[\s\p{Z}\p{C}]*[=+\-@＝＋－＠\t\r]"  # noqa: RUF001 - the full-width forms are meant


def safe_csv(frame: pl.DataFrame) -> str:
    """Return the frame as CSV text (UTF-8, commas, one header line).

    A list becomes its values with spaces between them. Text that a spreadsheet would take for a formula gets
    an apostrophe in front, which keeps it text.
    """
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    joined = pl.col(lists).list.join(" ")
    flat = frame.with_columns(pl.when(joined != "").then(joined).name.keep())
    texts = pl.col(pl.String)
    harmless = pl.when(texts.str.contains(_FORMULA)).then("'" + texts).otherwise(texts)
    return flat.with_columns(harmless.name.keep()).write_csv()
