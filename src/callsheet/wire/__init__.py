"""The public JSON, written and read: nothing else knows it.

* Written by the server: `anthropic`, `openai`; `status` has the HTTP status of each error.
* Read by clients: `pages`, `reading`, `rows`, `field_names`, `field_values`, `reading_errors`.
"""
