"""The access log and the messages for operators."""
