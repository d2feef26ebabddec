"""The page of pictures of a backtest: one HTML file that needs nothing else."""
