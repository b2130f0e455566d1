"""What Dagster's catalogue shows of a table and of its checks, apart from the figures of a run.

Lives here: the specifications of tables and checks, with owners, tags, code references and descriptions. Does
not live here: the figures of a run (``results.py``), the steps (``assets/``), and the texts themselves, which
are those of the schema, of the docstrings of checks and of the comments on top of SQL files.
"""

import hashlib
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import dagster as dg

from ods_pipeline.checks import history, register
from ods_pipeline.defs.keys import table_key
from ods_pipeline.defs.results import column_schema
from ods_pipeline.places import checking as places
from ods_pipeline.schema import Table
from ods_pipeline.schema.versions import FLAT_VERSION, HISTORY_VERSION

OWNERS = ("team:ods_pipeline",)
# The functions of checks that are not SQL files, by the names of their findings. The first line of their
# docstrings is what the catalogue shows.
_FUNCTIONS: dict[str, Callable[..., object]] = {
    "unique_key": register.unique_key,
    "declared_equals_parsed": register.declared_equals_parsed,
    "no_record_lost": register.conservation,
    "one_primary_role": register.one_primary_role,
    "targets_known_or_listed": register.targets_known_or_listed,
    "nothing_quarantined": register.nothing_quarantined,
    "nothing_unknown": register.nothing_unknown,
    "nothing_repeated": register.nothing_repeated,
    "nothing_unresolved": register.nothing_unresolved,
    "role_ids_known": register.ids_have_names,
    "rel_ids_known": register.ids_have_names,
    "no_new_role_ids": register.no_new_ids,
    "no_new_rel_ids": register.no_new_ids,
    "row_count_swing": register.row_count_swing,
    "re5_not_falling": register.geography_is_not_retired,
    "no_stamp_missing": register.no_stamp_missing,
    "intervals_apart": history.intervals_apart,
    "postcodes_known": places.postcodes_known,
    "positions_in_great_britain": places.positions_in_great_britain,
    "areas_known": places.areas_known,
    "edition_is_recent": places.edition_is_recent,
}


def table_spec(
    table: Table,
    *,
    deps: Iterable[dg.AssetDep | dg.AssetKey],
    group: str,
    kinds: set[str],
    code: Sequence[Path],
    metadata: Mapping[str, Any] = MappingProxyType({}),
) -> dg.AssetSpec:
    """Return the specification of a published table.

    Args:
        table: The table.
        deps: What it is made from.
        group: Its group in the catalogue.
        kinds: What makes and holds it.
        code: The files that make it, the most important one first.
        metadata: What else the catalogue shows.
    """
    return dg.AssetSpec(
        table_key(table),
        deps=list(deps),
        group_name=group,
        kinds=kinds,
        description=table.description,
        owners=list(OWNERS),
        tags={"ods/schema": table.schema, "ods/published": "true"},
        code_version=code_version(code),
        metadata={
            "dagster/column_schema": column_schema(table),
            "dagster/code_references": _references(code),
            **metadata,
        },
    )


def _references(files: Sequence[Path]) -> dg.CodeReferencesMetadataValue:
    with warnings.catch_warnings():
        # The classes are in beta. They only name files: a change of them costs us nothing but these lines.
        warnings.simplefilter("ignore", dg.BetaWarning)
        references = [
            dg.LocalFileCodeReference(file_path=str(file), line_number=1, label=file.name) for file in files
        ]
        return dg.CodeReferencesMetadataValue(code_references=references)


def source_files(package: ModuleType) -> list[Path]:
    """Return the Python files of a package, ``__init__.py`` first."""
    init = Path(package.__file__ or "")
    return [init, *sorted(file for file in init.parent.rglob("*.py") if file != init)]


def code_version(code: Sequence[Path]) -> str:
    """Return the versions of flat files and history, and a fingerprint of the files that make a table."""
    texts = b"\0".join(file.read_bytes() for file in code)
    return f"flat {FLAT_VERSION}, history {HISTORY_VERSION}, {hashlib.sha256(texts).hexdigest()[:12]}"


def check_spec(asset: dg.AssetKey, name: str, *, blocking: bool, about: str = "") -> dg.AssetCheckSpec:
    """Return the specification of a check: what it looks at, and whether it blocks.

    Args:
        asset: The asset that is checked.
        name: The name of the check.
        blocking: Whether a failure stops the run.
        about: What it looks at; taken from the function that checks if empty.
    """
    text = about or (inspect.getdoc(_FUNCTIONS[name]) or name).splitlines()[0]
    return dg.AssetCheckSpec(name, asset=asset, blocking=blocking, description=text)
