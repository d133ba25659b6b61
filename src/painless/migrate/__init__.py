"""``painless migrate``: what becomes of a running ingress-nginx, as a value and in three ways of showing it.

Facts go in (objects, what we compile them to, how the old controller was started), a ``Report`` comes out;
text, JSON and a page are made of it.  Pure: reading the folder or the cluster is the command's.
"""
