"""Carries what processes have recorded to InfluxDB: batches, backlog, refusals counted; names: wire.telemetry."""
