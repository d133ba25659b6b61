"""``painless doctor``: what is known of an NGINX and its machine, and what is wrong with it.

``gather`` reads everything once, into ``facts``; pure ``checks`` look at them, ``run`` calls those, and
``report`` shows what they found.  What cannot be read makes a check *unknown*, which is never a pass.
"""
