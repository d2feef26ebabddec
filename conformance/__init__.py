"""The test kit of the wire protocol: numbered assertions against a broker or a meter that someone else wrote."""
