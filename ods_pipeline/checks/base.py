"""What a check says. A gate explains itself: what was expected, what was found, how often, and a sample."""

from dataclasses import dataclass, field

import polars as pl

SAMPLE = 5


@dataclass(frozen=True)
class Finding:
    """The outcome of one check. A blocking one that failed stops the run before anything is published."""

    name: str
    passed: bool
    summary: str
    blocking: bool = True
    facts: dict[str, object] = field(default_factory=dict)


def sample(values: pl.Series) -> str:
    """The first values, and how many more there are."""
    shown = [str(v) for v in values.head(SAMPLE).to_list()]
    more = len(values) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def warning(name: str, trouble: str, well: str, **facts: object) -> Finding:
    """A finding that tells and does not block; ``trouble`` is empty where all is well."""
    return Finding(name, not trouble, trouble or well, blocking=False, facts=facts)
