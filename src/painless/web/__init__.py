"""The health port: probes and metrics.  It is not a data port, so load on those never reaches it."""
