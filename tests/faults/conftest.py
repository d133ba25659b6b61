"""The fixtures of this folder: the same as those of tests/front."""

from tests.front.given import folder, make, pods

__all__ = ["folder", "make", "pods"]
