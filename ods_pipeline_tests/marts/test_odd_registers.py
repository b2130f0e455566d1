"""No check of a mart may reject what the marts take on purpose: a check that blocks stops every build."""

from pathlib import Path

import pytest

from ods_pipeline.schema import MARTS, TABLES
from ods_pipeline.schema.rules import broken_rules
from ods_pipeline_tests.support.odd_registers import TODAY, odd_registers
from ods_pipeline_tests.support.small_registers import marts_on, write

pytestmark = pytest.mark.promise("hostile")
SIDE_BY_SIDE = 20
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 15))]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_mart_of_an_odd_register_passes_its_checks_and_keeps_its_rules(
    tmp_path: Path, seed: int
) -> None:
    odd = odd_registers(seed, SIDE_BY_SIDE)
    build = write(tmp_path, odd.pop("organisations"), odd.pop("links"), **odd)
    result = marts_on(build, TODAY, *(mart.name for mart in MARTS))
    broken = {name: broken_rules(TABLES[name], frame) for name, frame in result.items()}
    assert {name: rules for name, rules in broken.items() if rules} == {}
    few = {name for name, frame in result.items() if frame.height < SIDE_BY_SIDE // 2}
    assert few <= {"icb_changes"}, "nothing would be proven of a mart without rows"
