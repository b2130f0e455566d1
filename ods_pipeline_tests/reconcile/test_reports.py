"""The reports and rules as they are listed."""

from ods_pipeline.reconcile.comparing import rules
from ods_pipeline.reconcile.reports import reports


def test_rules_and_reports_are_numbered_once() -> None:
    assert rules()["rule"].to_list() == list(range(rules().height))
    assert set(rules()["outcome"]) == {"agree", "explained", "not_compared", "newer_there"}
    assert {r.layout for r in reports().values()} == {"organisations", "pcn_partners", "memberships"}
