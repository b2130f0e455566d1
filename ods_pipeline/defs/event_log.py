"""Keeps the connections of Dagster's event log open during a run.

Lives here: doing so for the event log that Dagster has by default, in SQLite. Does not live here: the
instance and its runs (``instance.py``). An event log elsewhere, as in PostgreSQL, is left alone.

Dagster makes an engine and a connection for every event, which takes 10 ms of which the event needs 2, and
SQLite waits for the disk after each. For the outcome of a check it makes two more, to see whether there is a
table of checks. A build stores some 600 events: it ends 3 s earlier, whatever its size.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from sqlite3 import Connection as SqliteConnection
from threading import Lock
from typing import Any

import dagster as dg
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.event import listen

# Dagster's own: how long a connection waits while another process writes.
_BUSY_SECONDS = 30
_Connecting = Callable[..., AbstractContextManager[Connection]]


@contextmanager
def connections_kept_open(instance: dg.DagsterInstance) -> Generator[None]:
    """Keep the connections to the event log open while the block runs, if it is Dagster's own in SQLite.

    Files and rows are the same as without; other processes read and write them meanwhile.
    """
    events: Any = instance.event_log_storage
    if type(events).__name__ != "SqliteEventLogStorage":
        yield
        return
    engines: dict[str, Engine] = {}
    one_at_a_time = Lock()  # as in Dagster, where threads of a run take turns

    @contextmanager
    def kept(file: str, dagsters_own: _Connecting) -> Generator[Connection]:
        with one_at_a_time:
            if file not in engines:
                with dagsters_own():  # it makes the file if there is none
                    pass
                engines[file] = create_engine(file, connect_args={"timeout": _BUSY_SECONDS})
                listen(engines[file], "connect", _wait_for_the_disk_less)
            with engines[file].begin() as connection:
                yield connection

    of_run, of_index, of_table = events.run_connection, events.index_connection, events.has_table
    tables: set[str] = set()

    def run_connection(run_id: str) -> AbstractContextManager[Connection]:
        return kept(events.conn_string_for_shard(run_id), lambda: of_run(run_id))

    def index_connection() -> AbstractContextManager[Connection]:
        return kept(events.conn_string_for_shard("index"), of_index)

    def has_table(name: str) -> bool:
        if name not in tables and of_table(name):
            tables.add(name)  # Dagster drops none
        return name in tables

    events.run_connection, events.index_connection = run_connection, index_connection
    events.has_table = has_table
    try:
        yield
    finally:
        del events.run_connection, events.index_connection, events.has_table
        for engine in engines.values():
            engine.dispose()


def _wait_for_the_disk_less(connection: SqliteConnection, _record: object) -> None:
    """Let SQLite wait for the disk at checkpoints only, not after each event.

    Dagster writes its event log in WAL mode. There this cannot damage the file, and loses no event when a
    process dies: a machine that fails may lose the last ones (sqlite.org/pragma.html#pragma_synchronous).
    """
    connection.execute("PRAGMA synchronous=NORMAL")
