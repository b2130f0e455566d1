"""Judgements on the facts, one SQL file per mart. Kinds and rules for parents are data: ``rules/*.csv``."""
