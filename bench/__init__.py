"""How fast, how big and how steady: measured on a real NGINX, always beside something to compare with.

``python -m bench`` runs all parts and prints one table; ``python -m bench endpoints`` runs one.  Tests say
whether something holds; this says how much it costs.  Nothing here is part of the product.
"""
