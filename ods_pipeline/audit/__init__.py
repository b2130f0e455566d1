"""The audit: recomputes what should be published from the raw files, and compares it with what is.

Lives here: reading raw files with the standard library, the rules of the register as plain Python over dicts,
and comparing. The rules are written a second time on purpose, one record and one code at a time, from the
contract and ODS's own documents (docs/decisions.md). Does not live here: any code that is audited. Of the
package, the audit imports ``schema``, ``errors`` and ``dataroot.layout`` only, so that a fault elsewhere
cannot repeat itself here.
"""
