"""The report page of a run: one self-contained HTML file with pictures, sentences and the numbers behind them."""
