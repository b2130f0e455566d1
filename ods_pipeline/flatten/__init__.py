"""Raw files to flat frames. Reads raw files only, never the network; writes nothing."""
