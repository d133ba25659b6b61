"""Formulas: what was measured becomes a setting, with the number that decided it.

Pure, and without a default for what was not measured: ``None`` in means ``None`` out.  Each docstring has the
formula, its units and where it is from.  Who measures and who shows it are elsewhere.
"""
