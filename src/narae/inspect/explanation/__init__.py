"""explain: one batch through a compiled step, every operation told with its numbers."""
