"""A storage that members share: its capacity by period, its operation slot by slot."""
