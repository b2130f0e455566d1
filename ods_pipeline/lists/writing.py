"""The outcome of a check as a CSV file that any spreadsheet can open without harm."""

import polars as pl

# A cell that begins so is a formula to a spreadsheet, and may do what its author likes. The full-width signs
# are taken for the plain ones where East Asian input is usual; invisible signs before them are no shelter.
_FORMULA = r"^[\s\p{Z}\p{C}]*[=+\-@＝＋－＠\t\r]"  # noqa: RUF001 - signs that look like others are meant


def safe_csv(frame: pl.DataFrame) -> str:
    """The frame as CSV text (UTF-8, commas, one header line). Lists become their values with a space between.
    Text that a spreadsheet would take for a formula gets an apostrophe in front, which keeps it text."""
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    joined = pl.col(lists).list.join(" ")
    flat = frame.with_columns(pl.when(joined != "").then(joined).name.keep())
    texts = pl.col(pl.String)
    harmless = pl.when(texts.str.contains(_FORMULA)).then("'" + texts).otherwise(texts)
    return flat.with_columns(harmless.name.keep()).write_csv()
