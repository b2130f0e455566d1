"""A query to the published set that is made of several files, one for each step.

Lives here: putting the files together. Does not live here: the files, which are in the folder ``steps`` of
the room that asks. ``steps/<name>.sql`` makes the table ``<name>``, which the steps after it read; it opens
with what goes in and what comes out.
"""

from functools import cache
from importlib import resources


@cache
def with_steps(room: str, names: tuple[str, ...]) -> str:
    """Return the beginning of a query, ``WITH a AS MATERIALIZED (…), b …``, from the files of its steps.

    Args:
        room: The room whose folder ``steps`` has the files.
        names: The steps in the order in which they run.
    """
    folder = resources.files(f"ods_pipeline.{room}") / "steps"
    steps = ((name, folder.joinpath(f"{name}.sql").read_text(encoding="utf-8")) for name in names)
    # Materialized: most steps are read more than once, and none is to be worked out again.
    return "WITH " + ",\n".join(f"{name} AS MATERIALIZED (\n{sql})" for name, sql in steps)
