"""The fixtures of this folder: those of tests/front, and a controller in a cluster."""

from tests.cluster.given import home, running, shared
from tests.cluster.replicated import api, states
from tests.front.given import folder, make, pods

__all__ = ["api", "folder", "home", "make", "pods", "running", "shared", "states"]
