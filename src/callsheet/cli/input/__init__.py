"""Input of commands: files of keys, secrets, numbers of tokens, completion."""
