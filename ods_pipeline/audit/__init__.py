"""The audit: what is published, told again from the raw files by other means, and compared.

Lives here: reading raw files with the standard library, the rules of the register as plain Python over
dicts, and comparing. Nothing here may import ``flatten``, ``history``, ``assembly`` or ``marts``: a fault
there must not be repeated here. So the rules stand here a second time, in other words: from the contract
and ODS's own documents (docs/decisions.md), one record and one code at a time.
"""
