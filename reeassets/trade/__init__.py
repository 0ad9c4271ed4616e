"""Raw trade: sources of bilateral flows, the nomenclature, and totals."""
