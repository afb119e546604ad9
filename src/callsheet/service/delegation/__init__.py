"""Keys that a gateway knows: a credential that Callsheet does not have is sent to the gateway's own list."""
