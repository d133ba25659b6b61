"""A small shop on loopback, so that a newcomer sees Painless serve and change within a minute.

Nothing here is part of the controller: the demo starts ``painless serve`` as a user would, on a folder of
manifests, and plays the cluster (pods, and the manifests that name them) and the clients.  The echo
backends are also the tests' pods.
"""
