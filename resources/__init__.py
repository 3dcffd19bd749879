"""WITH what the work is done: the outside world, each part of it behind one module."""
