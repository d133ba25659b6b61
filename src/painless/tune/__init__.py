"""``painless tune`` and ``painless split``: what was measured, and the objects, become advice to paste.

Measurements come from a page of metrics (``pages``) or from a Prometheus (``prometheus``) and are the same
values (``measured``); manifests become ``objects``.  The rest is pure: advice in four parts (``requests``,
``endings``, ``machine``, ``autoscalers``) out of the formulas of ``painless.advice``, and the files to paste.
"""
