"""More connections at once than the accept queue holds: 511 beside the kernel's somaxconn."""
