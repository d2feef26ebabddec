"""From awards and metered energy to exact transfers and statements."""
