"""Other catalogues: reading theirs into ours.

`inventory` turns bytes into JSON records, `dcat_us` turns one record into a `Harvested` value that holds only what
the source says, `mapping` adds what the import rule decides, and `harvest` writes the difference to the graph. The
first three are pure: they know no graph. Nothing here decides who may see an entry; that follows from the tiers it is
given.
"""
