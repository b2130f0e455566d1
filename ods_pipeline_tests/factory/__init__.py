"""Builds releases and fetches of any size: the same seed, the same bytes, and a plan of what is in them.

    python -m ods_pipeline_tests.factory --scale national --out DIR
    python -m ods_pipeline_tests.factory --scale 0.01 --months 12 --out DIR

``plan.py`` has the figures, ``register.py`` the whole, ``xml.py`` and ``flat.py`` the ways to disk,
``months.py`` what changes from release to release, ``fetches.py`` a recorded fetch.
"""

from ods_pipeline_tests.factory.fetches import write_delta
from ods_pipeline_tests.factory.flat import flat_release, write_flat_release
from ods_pipeline_tests.factory.months import months, next_month
from ods_pipeline_tests.factory.register import Register, make_register
from ods_pipeline_tests.factory.xml import write_release, write_xml

__all__ = [
    "Register",
    "flat_release",
    "make_register",
    "months",
    "next_month",
    "write_delta",
    "write_flat_release",
    "write_release",
    "write_xml",
]
