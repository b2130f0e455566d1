"""Questions about one code: find and show. Each is asked of the published set and answered as lines of text.

What lives here: queries and wording. What does not: options and printing (``commands/``), SQL macros
(``marts/macros/``).
"""
