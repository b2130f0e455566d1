"""Tests of ods_pipeline.flatten."""
