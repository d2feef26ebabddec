"""Founding a secured community: authority, certificates, keys, tokens and configurations, made once."""
