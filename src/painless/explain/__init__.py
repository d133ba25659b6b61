"""What happens to a request, and why a line is there: answers made of what was compiled, never beside it.

``request`` walks a request through the directives that the compiler wrote for its host, as NGINX would; a
property compares it with NGINX.  ``lines`` and ``names`` say what a directive, a key or a finding means and
who asked for it.  Pure: who answers behind a Service is told by the caller.
"""
