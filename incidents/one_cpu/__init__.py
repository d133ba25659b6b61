"""A worker for each processor of the node, in a container that may use one of them."""
