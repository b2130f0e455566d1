"""Values that several marts share. The marts are in ``hierarchy.py``, ``lives.py`` and ``named.py``."""

import csv
from importlib import resources

OPENNESS = ("not_yet_open", "open", "closing", "legally_closed", "closed", "deleted")
ICB_BASES = ("commissioner", "partner", "geography", "self")


def _kinds() -> tuple[str, ...]:
    rules = resources.files("ods_pipeline.marts").joinpath("rules/kinds.csv").read_text(encoding="utf-8")
    return tuple(dict.fromkeys(row["kind"] for row in csv.DictReader(rules.splitlines())))


# Every kind of organisation, in the order of marts/rules/kinds.csv.
KINDS = _kinds()
