"""Jobs of one or two assets, for what holds of every run: a range of days, an error, a failed check."""

import dagster as dg

from ods_pipeline.errors import OdsError

DAYS = dg.DailyPartitionsDefinition("2026-08-01", end_date="2026-08-11")
ENDS = """
import os, signal, sys, time
from pathlib import Path
import dagster as dg
from ods_pipeline.defs.instance import open_instance, run_job
from ods_pipeline.defs.resources import DataRootResource
from ods_pipeline.dataroot.layout import DataRoot

@dg.asset
def ends(data_root: DataRootResource):
    if sys.argv[2] == "dies":
        os._exit(7)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)

jobs = [dg.define_asset_job("job", "*")]
resources = {"data_root": DataRootResource(path=sys.argv[1])}
definitions = dg.Definitions(assets=[ends], jobs=jobs, resources=resources, executor=dg.in_process_executor)
with open_instance(DataRoot(Path(sys.argv[1]))) as instance:
    try:
        run_job(instance, definitions, "job")
    except KeyboardInterrupt:
        print("Ctrl-C", *(run.status.value for run in instance.get_runs()))
"""


@dg.multi_asset(
    specs=[dg.AssetSpec("days")], partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run()
)
def days(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"days": len(context.partition_keys)})


@dg.asset
def fails() -> None:
    raise OdsError("the file is empty", where="x.zip", do="Fetch it again")


@dg.asset(check_specs=[dg.AssetCheckSpec("sound", asset="checked", blocking=True)])
def checked() -> dg.MaterializeResult:
    result = dg.AssetCheckResult(passed=False, check_name="sound", description="2 of 3 are not")
    return dg.MaterializeResult(check_results=[result])


@dg.asset(deps=[checked])
def after_checked() -> None:
    raise AssertionError("a blocking check should have stopped this")


JOBS = {
    "days_job": [days],
    "fails_job": [fails],
    "checked_job": [checked, after_checked],
}
DEFINITIONS = dg.Definitions(
    assets=[asset for assets in JOBS.values() for asset in assets],
    jobs=[dg.define_asset_job(name, dg.AssetSelection.assets(*assets)) for name, assets in JOBS.items()],
    executor=dg.in_process_executor,
)
