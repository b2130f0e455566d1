"""Slow, obvious oracles: the rules once more as plain loops over plain rows, to test the fast code against.

An oracle shares no rule with the package. It may be as slow as it likes, as long as a reader can check it.
"""
