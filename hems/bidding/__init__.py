"""What energy is worth to a home, as the prices and quantities of an order."""
