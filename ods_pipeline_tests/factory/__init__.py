"""Makes releases and fetches of any size. The same seed gives the same bytes.

    python -m ods_pipeline_tests.factory --scale national --out DIR
    python -m ods_pipeline_tests.factory --scale 0.01 --months 12 --out DIR

``plan.py`` has the figures, and ``register.py`` puts a register together. ``xml.py`` and ``flat.py`` write it
to disk, ``months.py`` makes the next month, and ``fetches.py`` writes a recorded fetch.
"""

from ods_pipeline_tests.factory.fetches import write_delta
from ods_pipeline_tests.factory.flat import flat_release, write_flat_release
from ods_pipeline_tests.factory.months import months, next_month
from ods_pipeline_tests.factory.register import FactoryRegister, make_register
from ods_pipeline_tests.factory.xml import write_release, write_xml

__all__ = [
    "FactoryRegister",
    "flat_release",
    "make_register",
    "months",
    "next_month",
    "write_delta",
    "write_flat_release",
    "write_release",
    "write_xml",
]
