"""A whole community in virtual time on the production code: physics, assets, scenario, run, report, demo."""
