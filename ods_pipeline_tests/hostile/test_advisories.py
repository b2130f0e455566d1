"""Known advisories against the pinned packages, from a package index that lists them (as PyPI does)."""

import os
from pathlib import Path

import httpx
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
# ODS_ADVISORIES=https://pypi.org. Unset, no index is queried: tests keep to loopback.
INDEX = os.environ.get("ODS_ADVISORIES", "")
# A release with advisories, to prove that the index lists them.
KNOWN = ("jinja2", "3.1.2")


def advisories(client: httpx.Client, name: str, version: str) -> list[str]:
    answer = client.get(f"{INDEX}/pypi/{name}/{version}/json")
    answer.raise_for_status()
    vulnerabilities = answer.json().get("vulnerabilities", [])
    return [v["id"] for v in vulnerabilities if not v.get("withdrawn")]


@pytest.mark.slow
def test_no_pinned_package_has_a_known_advisory() -> None:
    if not INDEX:
        pytest.skip(
            "needs a package index: set ODS_ADVISORIES to one that lists advisories (https://pypi.org)"
        )
    pins = [
        line.split("==") for line in (REPOSITORY / "constraints.txt").read_text().splitlines() if "==" in line
    ]
    assert len(pins) > 50
    with httpx.Client(timeout=30, follow_redirects=True) as client:
        try:
            known = advisories(client, *KNOWN)
        except (httpx.HTTPError, ValueError) as error:
            pytest.skip(f"{INDEX} lists no advisories ({type(error).__name__}: {str(error)[:80]})")
        assert known, (
            "the index lists no advisory of a release that has some, so an empty answer proves nothing"
        )
        affected = {f"{name} {version}": advisories(client, name, version) for name, version in pins}
    assert {package: ids for package, ids in affected.items() if ids} == {}
