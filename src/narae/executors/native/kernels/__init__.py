"""Kernels: elementwise loops, reductions, gathers, products of matrices."""
