"""Commands in this process."""

import pytest

from ods_pipeline import cli
from ods_pipeline_tests.commands.running import Argument, Main


@pytest.fixture
def run_main() -> Main:
    def main(*arguments: Argument) -> int:
        with pytest.raises(SystemExit) as ended:
            cli.main([*map(str, arguments)])
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return main
