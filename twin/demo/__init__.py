"""The live demo: real processes, real MQTT, real Modbus TCP on loopback; only time is driven."""
