"""The pages of the reference, written from the code: one module a page, and the pictures.

Each module's `page()` gives the whole text of a page: a few words by hand, the facts from the code.
`python -m tests.make_docs` writes them all; a test keeps them true.
"""
