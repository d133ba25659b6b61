"""The fixtures of whole programs, which are those of tests/front."""

from tests.front.given import folder, make, pods

__all__ = ["folder", "make", "pods"]
