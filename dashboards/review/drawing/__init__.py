"""Draws a dashboard file and its answers as one HTML page, to look at where there is no Grafana."""
