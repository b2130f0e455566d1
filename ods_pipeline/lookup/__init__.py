"""Questions about one code: find and show. Each is asked of the published set and answered as lines of text.

Lives here: queries and wording. Does not live here: options and printing (``commands/``), SQL macros
(``marts/macros/``).
"""
