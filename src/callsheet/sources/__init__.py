"""What upstreams list, translated into claims: one file for each kind of upstream, all of it pure."""
