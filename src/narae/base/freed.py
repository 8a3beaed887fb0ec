"""What the C library does with memory that arrays leave."""

from __future__ import annotations

import ctypes
import os
import sys

# glibc's own rule (mallopt(3)) raises both thresholds as memory is freed, up to these. Until it is there,
# and for what lies at the heap's end, each array of a few hundred KB goes back to the system and comes
# again page by page: the 1.6 MB of a gradient of 784 x 512 weights are 400 page faults.
_TRIM, LEAST_TRIM = -1, 64 << 20  # M_TRIM_THRESHOLD: what may lie free at the heap's end
_MMAP, LEAST_MMAP = -3, 32 << 20  # M_MMAP_THRESHOLD: larger arrays go back at once
_SAYS = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_")


def keep_freed() -> bool:
    """Let the C library keep what arrays of up to 32 MiB leave, up to 64 MiB, for those that follow.

    Returns: whether it was asked to: only glibc can be, and who set its environment variables knows better.
    """
    own = any(name in os.environ for name in _SAYS)
    if own or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "") or sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(_MMAP, LEAST_MMAP)) and bool(mallopt(_TRIM, LEAST_TRIM))
