"""What all executors share: memory, rows of batches, stores, reports, timing."""
