"""Outages of 2017 to replay: an NGINX as it was set up then fails, Painless on the same load does not.

One folder for each.  ``python -m incidents`` runs them, each in network and process namespaces of its own,
and prints what both did.  Painless is ``painless serve`` as a process, on a folder of manifests, as anybody
runs it.  What is shared with the benchmarks and with the tests of the whole program comes from there.
"""
