"""The doctor on servers of others, by hand: `scripts/doctor-peers` starts them and writes docs/peers.md."""
