"""A small register on a local server of ORD and TRUD, and a build that asks it.

Lives here: what it has, and the arguments of such a build. Does not live here: the server itself
(``ord_server.py``).
"""

from pathlib import Path
from typing import Any

from ods_pipeline.inventory.wanted import request_for
from ods_pipeline_tests.ord_server import OrdServer
from ods_pipeline_tests.support.builders import make_record, write_release
from ods_pipeline_tests.support.simulated import KEY, SimulatedClock, sources_of
from ods_pipeline_tests.support.worlds import Made


def live(server: OrdServer, clock: SimulatedClock, *named: str, **options: Any) -> dict[str, Any]:
    """The arguments of a build, as the command line makes them."""
    files, request = request_for(sources_of(server, clock), named, **options)
    return {"releases": files, "request": request}


def small_server(folder: Path, clock: SimulatedClock) -> OrdServer:
    """A release of three organisations, one of which has changed since, and a new organisation."""
    organisations = [make_record(code, LastChangeDate="2026-08-01") for code in ("RX1", "RX2", "RX3")]
    zip_file = write_release(folder / "trud", organisations)
    world = Made(releases={zip_file.name: zip_file.read_bytes()})
    world.put(*organisations, make_record("RX2", Name="RENAMED", LastChangeDate="2026-08-30"))
    world.put(make_record("RX4", LastChangeDate="2026-09-03"))
    return OrdServer(world, now=clock.now, key=KEY)
