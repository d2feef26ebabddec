"""Carries what processes have recorded to InfluxDB: batches, backlog, refusals counted. Names are in wire.telemetry."""
