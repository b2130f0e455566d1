"""Figures that tests find out, kept until they are told at the end of a run."""

FIGURES: list[tuple[str, str, int | float | str]] = []


def record(promise: str, what: str, value: int | float | str) -> None:
    """Keeps one figure of a promise."""
    FIGURES.append((promise, what, value))
