"""The commands, one test module each."""
