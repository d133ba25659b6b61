"""A flooded accept queue, and the probes that come through it."""
