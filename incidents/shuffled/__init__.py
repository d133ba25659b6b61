"""Upstreams and servers in another order at each look: a reload storm about nothing."""
