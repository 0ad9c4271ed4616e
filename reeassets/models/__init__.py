"""Panel regressions of comparative advantage on trade dependence, and the verdict on each claim of the reference."""
