"""`ods-pipeline dictionary`: the data dictionary, written from the schema."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ods_pipeline.schema import TABLES
from ods_pipeline.schema.derive import dictionary as dictionary_text


def dictionary(
    file: Annotated[Path, Parameter(help="The Markdown file to write.")] = Path("docs/data-dictionary.md"),
) -> int:
    """Write the data dictionary to ``file``.

    Returns:
        The exit code.
    """
    file.write_text(dictionary_text(list(TABLES.values())), encoding="utf-8")
    return 0
