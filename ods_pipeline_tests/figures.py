"""Figures that tests find, to be printed at the end of a run."""

RECORDED: list[tuple[str, str, int | float | str]] = []


def record(promise: str, what: str, value: int | float | str) -> None:
    """Keeps a figure of a test that enforces ``promise``."""
    RECORDED.append((promise, what, value))
