"""NGINX as a process and its state directory as files: performs steps, and says what really runs.

Knows nothing of Kubernetes and decides nothing: the planner says what to do, ``apply`` does it, and
``probe`` reads the truth from ``/proc`` instead of remembering it, so that a controller that was killed
can be replaced by another one without NGINX noticing.
"""
