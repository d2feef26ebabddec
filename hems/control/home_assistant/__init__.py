"""The home as Home Assistant sees it over MQTT: entities, their states, and commands that come back. No I/O."""
