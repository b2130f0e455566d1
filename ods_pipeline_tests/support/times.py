"""How much more than usual is tried by the tests that make up their inputs.

    ODS_TEST_TIMES=3 pytest -m slow ods_pipeline_tests/hostile

Lives here: the one number. Does not live here: what is made up, and how much of it is usual (the tests).
"""

import os

TIMES = int(os.environ.get("ODS_TEST_TIMES", "1"))
