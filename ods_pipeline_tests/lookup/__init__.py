"""find, show and changes without the command line."""
