"""Why a device does what it does, in words and money."""
