"""Everything that is about orchestration rather than about trade: recipes, assets, storage, runs, the warehouse."""
