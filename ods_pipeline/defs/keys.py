"""The names that this project has in a Dagster instance, which other projects may share.

Lives here: the prefix of asset keys, the partition set, the code location, the pool, the tags, and how
runs of the command line are recognised. Does not live here: what has these names.
"""

from typing import Any

import dagster as dg

from ods_pipeline.schema import Table

PREFIX = "ods"
LOCATION = "ods_pipeline"  # as in workspace.yaml
RELEASES = "ods_release"  # the set of dynamic partitions
POOL = "ods_pipeline"  # every step that works on the data root needs its one place in this pool
# Runs of the command line have this tag too, since the UI looks for the runs of a location by it.
REPOSITORY_TAG = {".dagster/repository": f"__repository__@{LOCATION}"}
COMMAND_LINE_TAG = "ods_pipeline/command_line"
MAX_RETRIES_TAG = "dagster/max_retries"
USER_TAG = "user"  # the UI shows it as "Launched by"
# What the UI needs to run a job again: where it is defined. The form is the one in which Dagster stores it.
_ORIGIN = """{"__class__": "ExternalPipelineOrigin", "external_repository_origin": {
"__class__": "ExternalRepositoryOrigin", "repository_location_origin": {
"__class__": "RegisteredRepositoryLocationOrigin", "location_name": "%s"},
"repository_name": "__repository__"}, "pipeline_name": "%s"}"""


def asset_key(*path: str) -> dg.AssetKey:
    """Return an asset key of ours: our prefix, then ``path``."""
    return dg.AssetKey([PREFIX, *path])


def table_key(table: Table) -> dg.AssetKey:
    """Return the asset key of a table: our prefix, its schema and its name."""
    return asset_key(table.schema, table.name)


def origin_of_job(name: str) -> Any:
    """Return the place of a job of ours as Dagster records it of the runs that the UI launches."""
    return dg.deserialize_value(_ORIGIN % (LOCATION, name))


def is_of_command_line(run: dg.DagsterRun) -> bool:
    """Return whether a command of ours works on a run. One executed again in the UI has the same tags."""
    return COMMAND_LINE_TAG in run.tags and run.parent_run_id is None


def shown(key: dg.AssetKey) -> str:
    """Return an asset key as people read it, without our prefix."""
    return "/".join(key.path[1:] if key.path[0] == PREFIX else key.path)
