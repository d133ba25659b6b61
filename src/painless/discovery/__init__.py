"""Live endpoints: the answers to NGINX's resolver, and the process that gives them.

A pod that comes or goes changes a record here and nothing else: no compile, no file, no reload.
"""
