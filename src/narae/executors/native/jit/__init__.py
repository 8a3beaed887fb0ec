"""From IR to addresses of machine code: the target, the compiler, the cache on disk, checked accesses."""
