"""What the kernel says about sockets, limits and memory, read without any right beyond our own."""
