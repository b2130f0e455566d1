"""What every reader gives: cells of text, and the lines they stand on."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cells:
    """The cells of a file before anyone knows what is in which column.

    ``lines`` are the line or row numbers as an editor or a spreadsheet shows them, from 1, one for each row
    of ``columns``. ``columns`` are text as it stands in the file, null where a cell is missing. ``names`` are
    the column names where the format itself has them (Parquet), else None. ``notes`` say what a person must
    know.
    """

    lines: list[int]
    columns: list[list[str | None]]
    names: list[str] | None = None
    notes: list[str] = field(default_factory=list)
