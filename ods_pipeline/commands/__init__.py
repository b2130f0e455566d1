"""The commands that ask questions of the published set: one file a command."""
