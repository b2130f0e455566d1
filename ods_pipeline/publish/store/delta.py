"""Published Parquet files as Delta tables: each build is one commit of each table that changed.

Lives here: registering a file that is in the store already; no data is written twice. Does not live here:
which file (``manifest.py``). A commit carries the number of the build as the version of the transaction
``ods_pipeline``, so that a commit that is repeated changes nothing.
"""

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ods_pipeline.errors import OdsError
from ods_pipeline.publish.store.opening import Store, hidden, reason_of

APPLICATION = "ods_pipeline"
# Delta's own clean-up keeps as long as prune does by default.
_CONFIGURATION = {
    "delta.logRetentionDuration": "interval 90 days",
    "delta.deletedFileRetentionDuration": "interval 90 days",
}
_ATTEMPTS = 3


def register_table(
    store: Store, name: str, entry: dict[str, Any], *, build: int, schema: Any, day: str
) -> bool:
    """Make the file of a build the content of its Delta table. Return whether a commit was needed.

    Args:
        store: The store.
        name: The table: ``ord.organisations``.
        entry: Its entry in the manifest.
        build: The number of the build.
        schema: The Arrow schema of the file.
        day: The as-of date of the build.

    Raises:
        OdsError: The table cannot be written.
    """
    from deltalake import CommitProperties, DeltaTable, Schema, Transaction  # noqa: PLC0415 - an extra
    from deltalake.exceptions import DeltaError, TableNotFoundError  # noqa: PLC0415
    from deltalake.transaction import AddAction, create_table_with_add_actions  # noqa: PLC0415

    address, file = f"{store.address}/tables/{name}", entry["path"].rsplit("/", 1)[-1]
    stats = json.dumps({"numRecords": entry["rows"]})
    # The moment is not part of the data, and the same build gives the same action.
    action = AddAction(file, entry["bytes"], {}, 0, True, stats)
    properties = CommitProperties(
        custom_metadata={"ods_build": f"{build:06d}", "ods_as_of": day},
        app_transactions=[Transaction(APPLICATION, build)],
        max_commit_retries=0,
    )
    delta_schema = Schema.from_arrow(schema.remove_metadata())
    for attempt in range(_ATTEMPTS):
        try:
            try:
                table = DeltaTable(address)
            except TableNotFoundError:
                create_table_with_add_actions(
                    address,
                    delta_schema,
                    [action],
                    configuration=_CONFIGURATION,
                    commit_properties=properties,
                )
                return True
            done = table.transaction_version(APPLICATION)
            held = [uri.rsplit("/", 1)[-1] for uri in table.file_uris()]
            if (done is not None and done >= build) or held == [file]:
                return False
            table.create_write_transaction([action], "overwrite", delta_schema, commit_properties=properties)
        except (DeltaError, OSError, ValueError) as error:
            # Another worker may complete the same build at the same time: look again.
            if attempt + 1 == _ATTEMPTS:
                raise OdsError(
                    f"the Delta table {name} cannot be written ({reason_of(error)})",
                    where=store.address,
                    do="The published set is whole; publish again to complete its Delta tables",
                ) from hidden(error)
        else:
            return True
    raise AssertionError("unreachable")


def arrow_schema(content: bytes) -> Any:
    """Return the Arrow schema of a Parquet file in memory."""
    return pq.read_schema(pa.BufferReader(content))
