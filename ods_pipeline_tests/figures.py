"""Figures that tests measure, for docs/guarantees.md."""

_FIGURES: list[tuple[str, str, int | float | str]] = []


def record(promise: str, what: str, value: int | float | str) -> None:
    """Notes a figure of a promise, to be printed at the end of the run."""
    _FIGURES.append((promise, what, value))
