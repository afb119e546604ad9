"""The State that requests are answered from: loaded, followed, saved, and kept while the database is away."""
