"""The published set in an object store: whole or not at all, and as Delta tables.

Lives here: the store's layout, publishing into it, pulling from it, pruning it. Does not live here: making
a build (``publish/``) and options of commands (``commands/``). Needs the extra ``store`` (obstore,
deltalake).

    <store>/current.json                    the only object that ever changes: build, manifest and its SHA-256
    <store>/builds/000123-3fa19c0d.json     a manifest: every file of a build; immutable
    <store>/tables/ord.organisations/3fa1….parquet   a file named after its SHA-256, of the build that last
                                                     changed the table; immutable
    <store>/tables/ord.organisations/_delta_log/     the same file, registered as a Delta table
    <store>/duckdb/7b20….duckdb             ods.duckdb of a build
    <store>/state/9d1e….tar                 what the next build needs beyond the published set; private
    <store>/raw/…                           raw files as received, if asked for; private
    <store>/writer.json                     who is writing, while someone is
"""
