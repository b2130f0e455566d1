"""The outcome of a check: what was expected, what was found, how often, and a sample of it."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

SAMPLE = 5


@dataclass(frozen=True)
class Finding:
    """The outcome of one check. A failed blocking one stops the run before anything is published.

    Attributes:
        name: The name of the check.
        passed: Whether the condition holds.
        summary: One line: what was found, with counts and a sample.
        blocking: Whether a failure stops the run; otherwise it is a warning.
        facts: The figures behind the summary, by name.
    """

    name: str
    passed: bool
    summary: str
    blocking: bool = True
    facts: dict[str, object] = field(default_factory=dict)


def sample(values: pl.Series) -> str:
    """Return the first values as text, and how many more there are."""
    shown = [str(v) for v in values.head(SAMPLE).to_list()]
    more = len(values) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def warning(name: str, problem: str, all_well: str, **facts: object) -> Finding:
    """Return a finding that warns and does not block. It passes if ``problem`` is empty."""
    return Finding(name, not problem, problem or all_well, blocking=False, facts=facts)


def log_failures(log: logging.Logger, table: str, findings: Iterable[Finding]) -> None:
    """Log each failed finding of a table: blocking ones as errors, the others as warnings."""
    for finding in findings:
        if not finding.passed:
            level = logging.ERROR if finding.blocking else logging.WARNING
            log.log(level, "%s: %s", table, finding.summary)
