"""Configurations of proxies that send the list to Callsheet and everything else to the gateway; all of it pure."""
