"""Who may ask: keys, admin key, hosts, origins, budgets."""
