"""The procedures by which an agency gets data that another one holds, from application to signed answer to grant.

What has legal weight takes two steps: `Filing.prepare` gives the canonical document, and `Filing.file` takes it with
the signature that the officer's own key made of it. Every step is a line of one table (`procedure`). The room knows
neither GraphQL nor HTTP; keys of officers it never sees.
"""
