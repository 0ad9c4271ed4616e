"""What-if shocks: a supplier stops exporting, and what everybody loses (docs/SHOCKS.md)."""
