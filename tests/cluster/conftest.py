"""The fixtures of this folder: those of tests/front."""

from tests.front.given import folder, make, pods

__all__ = ["folder", "make", "pods"]
