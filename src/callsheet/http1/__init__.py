"""HTTP/1.1 as answers come over it: read bytes of a connection, strictly, and little else."""
