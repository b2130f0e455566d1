"""Tests of ods_pipeline; the folders mirror the package."""
