"""What really happens in devices: one pure step function per device, independent of the planner's models.

Powers are mean values over the step [kW], positive into the device. A step never does the impossible: it
returns the power that really flowed, which may differ from the one commanded.
"""
