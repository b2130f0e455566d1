"""Judgements on the facts, one SQL file a mart. Kinds and rules for parents are data: ``rules/*.csv``."""
