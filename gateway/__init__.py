"""The public data gateway: a city's catalogue, its sharing and opening tiers enforced, answers that can be checked."""
