"""The machine around the compiler: what came in, what is live, and the loop between."""
