"""The data root: its paths, its lock, its files, and how a build is published."""
