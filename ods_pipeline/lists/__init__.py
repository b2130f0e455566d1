"""Lists of codes that people bring (CSV, TSV, Excel, Parquet), read whatever their form, and judged.

``reading`` turns a file into cells, ``columns`` finds the codes among them, ``judging`` says what each code
is, ``writing`` puts the outcome into a CSV file. The commands that use them are in ``commands/``.
"""
