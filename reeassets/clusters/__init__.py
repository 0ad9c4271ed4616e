"""Economies grouped by their dependencies: features, k-means, the choice of k, names and paths."""
