"""The real payloads, published by the pipeline and told again by the audit."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.flatten.test_real_payloads import JSON_CODES, excerpt_release
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.audited import differing, publish
from ods_pipeline_tests.support.builders import put, write_delta

pytestmark = pytest.mark.promise("audited")


def test_the_five_xml_and_twelve_json_records_are_published_as_the_audit_tells_them(
    shared: Path, tmp_path: Path
) -> None:
    received = tmp_path / "in"
    excerpt_release(shared, received)
    folder = write_delta(received, [], stamp="20260824T043000Z")
    for code in JSON_CODES:
        body = (shared / "ord-json" / f"{code}.json").read_bytes()
        put(folder, f"organisations/{code}.json", body, asked=code)
    root = DataRoot(tmp_path / "data")
    build = publish(received, root)
    assert [(t.table, t.differences) for t in differing(root, build)] == []
    held = {name: pq.read_metadata(build / f"tables/{name}.parquet").num_rows for name in
            ("organisations", "roles", "relationships", "successions", "captures")}  # fmt: skip
    assert (held["organisations"], held["captures"]) == (5 + 12, 3)
    assert min(held.values()) > 0
    figures.record("audited", "real records published and told again alike", held["organisations"])
