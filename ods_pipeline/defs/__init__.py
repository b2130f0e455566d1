"""Dagster: assets, partitions, resources, automation, the instance, and what `ods-pipeline build` runs."""
