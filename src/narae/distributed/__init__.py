"""Devices in a grid, several processes as one job, and how values lie over them."""
