"""What every reader returns: cells of text, and the lines they come from."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cells:
    """The cells of a file, before it is known what each column holds.

    Attributes:
        lines: Line or row numbers as an editor or a spreadsheet shows them, from 1; one for each row.
        columns: The text of the file by column; null where a cell is missing.
        names: The column names if the format itself has them (Parquet), else None.
        notes: What the user must know about how the file was read.
        doubtful: Rows, from 0, that are entries only if the register holds the code: words of a sentence.
    """

    lines: list[int]
    columns: list[list[str | None]]
    names: list[str] | None = None
    notes: list[str] = field(default_factory=list)
    doubtful: frozenset[int] = frozenset()

    def row(self, index: int) -> list[str]:
        """Return the cells of a row, from 0, without white space around them; empty where one is missing."""
        return [(column[index] or "").strip() for column in self.columns]
