"""The contract as checks, a file for each of its sections."""
