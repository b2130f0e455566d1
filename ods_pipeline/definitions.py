"""The definitions that `dagster dev` loads, for the data root in ODS_DATA_ROOT, or ``data``.

The environment names the sources. Nothing else imports this module: loading it reads that data root.
"""

import os
from pathlib import Path

from ods_pipeline.dataroot.umask import restrict_umask
from ods_pipeline.defs.alerts import alerts_from
from ods_pipeline.defs.assembly import UNATTENDED, build_definitions
from ods_pipeline.defs.assets.store import store_address
from ods_pipeline.defs.resources import environment_sources
from ods_pipeline.sources.settings import sources_from

restrict_umask()
defs = build_definitions(
    Path(os.environ.get("ODS_DATA_ROOT") or "data").resolve(),
    sources=sources_from(os.environ),
    sources_resource=environment_sources(os.environ),
    retries=UNATTENDED,
    alerts=alerts_from(os.environ),
    store=store_address(),
)
