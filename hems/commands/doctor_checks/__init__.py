"""The checks of `hems doctor`: one small function each, over one home."""
