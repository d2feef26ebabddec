"""Grafana dashboards and alerts as typed code, and the files that provision them."""
