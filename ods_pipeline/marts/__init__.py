"""Judgements on the facts, one SQL file a mart. Rules that choose parents are data: hierarchy_rules.csv."""
