"""What each known client makes of a server: the rules of clients as data, played and judged."""
