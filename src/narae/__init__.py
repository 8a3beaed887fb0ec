"""narae: the Keras 3 user API on an engine of its own."""
