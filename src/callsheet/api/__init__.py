"""The contract as a pure function: `answer(state, request) -> response`, without I/O.

Where to look, in the order of a request:

* `answer`: the order of the checks, and the response; `caller`: what its headers say of a caller.
* `request`: the request, its path and its query; `authentication`: keys and workspaces; `versions`: versions and
  betas; `dialect`: who is answered in OpenAI's shapes.
* `state`: what a response depends on; `view`: what one set of rules shows; `paging`: cursors, pages and `has_more`.
* `rendering`, `encoded_block`: models as bytes; `body`: bodies and entity tags; `compression`: content codings.
* `headers`: every response header; `cors`: those for pages of other origins.
"""
