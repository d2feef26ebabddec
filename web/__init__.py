"""What the local pages of home and broker share: who may read them, events, charts, style."""
