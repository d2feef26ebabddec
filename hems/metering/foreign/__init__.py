"""What foreign meters and devices say over MQTT, turned into readings: strictly, and never taken as truth unseen."""
