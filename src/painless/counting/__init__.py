"""Requests are counted in a process of its own, so that whatever becomes of it, traffic does not notice."""
