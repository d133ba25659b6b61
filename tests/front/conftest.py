"""The fixtures of this folder, which are also those of tests/faults."""

from tests.front.given import folder, make, pods

__all__ = ["folder", "make", "pods"]
