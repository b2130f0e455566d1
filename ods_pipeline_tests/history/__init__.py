"""Tests of ods_pipeline.history."""
