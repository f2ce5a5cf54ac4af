"""The process that reads sources: DuckDB and PostgreSQL's driver live here and nowhere else.

It has no secrets but those of the request in hand, no listening socket, and ends with the gateway. Started by
`gateway.delivery.engine` as `python -m gateway.delivery.worker`.
"""
