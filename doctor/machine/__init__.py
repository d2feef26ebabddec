"""What both programs look at on the machine they run on: clock, disk, memory, power, files, MQTT server."""
