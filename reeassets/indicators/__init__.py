"""Dependency indicators of a year's network: their contract, one module per family, aggregates, tier contrasts."""
