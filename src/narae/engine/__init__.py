"""Variables, gradients, tracing, compiled steps: trace -> simplify -> fuse -> plan -> executor."""
