"""What the shipped dashboards ask and get, without Grafana: macros filled in, queries run, pages drawn."""
