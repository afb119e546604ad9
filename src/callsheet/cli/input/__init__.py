"""What people and programs give: files of keys, secrets, numbers of tokens, words to complete."""
