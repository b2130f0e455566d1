"""Words that all tables of our judgement share. The tables: ``hierarchy.py``, ``lives.py``."""

import csv
from importlib import resources

OPENNESS = ("not_yet_open", "open", "closing", "legally_closed", "closed", "deleted")
ICB_BASES = ("commissioner", "partner", "geography", "self")


def _kinds() -> tuple[str, ...]:
    rules = resources.files("ods_pipeline.marts").joinpath("rules/kinds.csv").read_text(encoding="utf-8")
    return tuple(dict.fromkeys(row["kind"] for row in csv.DictReader(rules.splitlines())))


# Every kind of body, in the order of marts/kinds.csv.
KINDS = _kinds()
