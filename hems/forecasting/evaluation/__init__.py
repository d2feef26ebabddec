"""Backtests of forecasts: rolling origin, naive models, metrics. No forecast sees anything later than its issue."""
