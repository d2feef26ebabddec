"""Members that do not tell the truth: what each gains under each auction, on the level of orders."""
