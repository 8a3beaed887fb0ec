"""What executors share: memory, calls as data, rows of batches, stores, reports, timing."""
