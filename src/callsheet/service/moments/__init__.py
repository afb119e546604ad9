"""Other moments than the present: readings of them, what differs between two, and going back to one."""
