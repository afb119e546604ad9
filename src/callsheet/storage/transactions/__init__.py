"""What is read and written in one transaction, and how rows become values."""
