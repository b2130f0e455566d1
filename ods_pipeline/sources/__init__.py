"""The outside world: files on disk, TRUD, the ORD API. Fetching writes bytes and a receipt, nothing else."""
