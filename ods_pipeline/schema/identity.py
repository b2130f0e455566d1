"""Whether two records with one ODS code describe the same organisation.

Lives here: the one rule, for flattening and history alike. Does not live here: the audit's own copy of it
(``audit/records.py``), which exists because the audit must not share code with what it checks.
"""

import polars as pl


def is_another_organisation(suffix: str) -> pl.Expr:
    """Return whether two records of one code describe two organisations, because the code was re-used.

    A new name alone is a renaming; a new name with another start or another primary role is another
    organisation. The code FEF03 was re-used like this in 2025.

    Args:
        suffix: ``name``, ``operational_start`` and ``primary_role_id`` are compared with the columns of the
            same name plus this suffix.
    """
    name, start, role = (
        pl.col(column).ne_missing(pl.col(column + suffix))
        for column in ("name", "operational_start", "primary_role_id")
    )
    return name & (start | role)
