"""Data for fit, evaluate and predict: every kind of source as batches."""
