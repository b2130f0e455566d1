"""The real payloads, published by the pipeline and recomputed by the audit."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ods_pipeline.dataroot.layout import DataRoot
from ods_pipeline_tests.support import figures
from ods_pipeline_tests.support.audited import differing, publish
from ods_pipeline_tests.support.builders import put, write_delta
from ods_pipeline_tests.support.real_payloads import JSON_CODES, excerpt_release

pytestmark = pytest.mark.promise("audited")


def test_five_xml_and_twelve_json_records_are_published_as_the_audit_recomputes_them(
    shared: Path, tmp_path: Path
) -> None:
    received = tmp_path / "in"
    excerpt_release(shared, received)
    folder = write_delta(received, [], stamp="20260824T043000Z")
    for code in JSON_CODES:
        payload = (shared / "ord-json" / f"{code}.json").read_bytes()
        put(folder, f"organisations/{code}.json", payload, asked=code)
    root = DataRoot(tmp_path / "data")
    build = publish(received, root)
    assert [(t.table, t.differences) for t in differing(root, build)] == []
    counts = {name: pq.read_metadata(build / f"tables/{name}.parquet").num_rows for name in
            ("organisations", "roles", "relationships", "successions", "captures")}  # fmt: skip
    assert (counts["organisations"], counts["captures"]) == (5 + 12, 3)
    assert min(counts.values()) > 0
    figures.record("audited", "real records published and recomputed alike", counts["organisations"])
