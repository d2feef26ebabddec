"""Setpoints that follow plan and award, within what the guard allows."""
