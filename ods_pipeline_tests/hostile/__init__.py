"""Hostile or broken input: none of it crashes the program, none of it is lost silently."""
