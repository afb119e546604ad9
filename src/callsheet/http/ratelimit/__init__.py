"""How many requests a key or an address may send."""
