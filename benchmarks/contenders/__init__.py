"""Who is compared: Callsheet, nginx, and what else answers this API, each as real processes."""
