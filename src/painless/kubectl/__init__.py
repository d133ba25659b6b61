"""``kubectl painless``: the plug-in for people who operate the controller, with ingress-nginx's commands.

It talks to the cluster through kubectl itself, so that contexts, credentials and proxies are kubectl's, and
to a controller through commands that run in its Pod (``painless inspect``).  No private key is ever shown.
``main`` has the commands; ``calls`` is kubectl, ``pods`` says which Pod is meant, and the other modules make
of objects what is shown.
"""
