"""Administration by program: admin keys, answers to repeated requests, and when keys were last used."""
