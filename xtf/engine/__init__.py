"""Where the work runs: over shards, in this process."""
