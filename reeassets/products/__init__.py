"""Classified products: votes on what a product is, their majority, the product sets, and the trade of the set."""
