"""Rare-earth trade dependencies as software-defined assets.

The stages of the method are the folders of this package, and a table flows through them from left to right:
``trade -> products -> networks -> indicators -> clusters -> models -> report``. What is about Dagster rather than
about trade is in ``platform``.
"""

__version__ = "0.1.0"
