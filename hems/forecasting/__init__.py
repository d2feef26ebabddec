"""Forecasts of load and generation: baseline, boosted trees, intraday correction, hindsight.

Everything that runs in the energy management process is numpy and standard library. Only the training in
`model_boosted.train` needs scikit-learn; it is imported inside that function and runs in the worker process
(`worker.py`), in the twin or in a backtest.
"""
