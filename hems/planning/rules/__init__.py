"""Plans of plain rules, for when the solver gives nothing and as baselines."""
