"""What a home sees, plans and expects, as points of telemetry."""
