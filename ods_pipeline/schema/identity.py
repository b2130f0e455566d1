"""Whether two records of one ODS code are of the same organisation.

Lives here: the one rule, for flattening and history alike. The audit has the rule a second time on purpose
(``audit/records.py``): it must not share code with what it checks.
"""

import polars as pl


def is_another_organisation(suffix: str) -> pl.Expr:
    """Whether two records of one code are of two organisations, so that the code was re-used.

    Compares ``name``, ``operational_start`` and ``primary_role_id`` with the columns of that name plus
    ``suffix``. A new name alone is a renaming; a new name with another start or another primary role is
    another organisation (FEF03 was re-used so in 2025).
    """
    name, start, role = (
        pl.col(column).ne_missing(pl.col(column + suffix))
        for column in ("name", "operational_start", "primary_role_id")
    )
    return name & (start | role)
