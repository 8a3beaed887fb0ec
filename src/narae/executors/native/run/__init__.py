"""A native program: phases of tiles, and the threads that take them."""
