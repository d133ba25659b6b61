"""Sends spans to a collector: a process of its own, so that neither NGINX nor the controller waits for one.

``line`` reads what NGINX logs, ``otlp`` writes it as OTLP in JSON, ``exporter`` keeps the spans that wait,
``collector`` is the other end, ``sender`` the controller's side.
"""
