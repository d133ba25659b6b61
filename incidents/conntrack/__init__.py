"""The kernel's table of connections is full, and nobody who comes is let in."""
