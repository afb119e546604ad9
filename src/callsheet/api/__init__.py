"""The contract as a function: no I/O, no framework."""
