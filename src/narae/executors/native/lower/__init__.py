"""From the steps of a plan to tiles, calls of kernels on parts of arrays."""
