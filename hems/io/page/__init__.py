"""The household's page: sections drawn from views, and the answers of its interface."""
