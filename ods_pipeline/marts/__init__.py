"""Judgements on the facts, one SQL file a mart. What is a kind and what is a parent is data: *.csv."""
