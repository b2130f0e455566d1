"""Register files and records as XML: find, cut, check, parse, and prove that nothing is lost."""
