"""Refusals of a query that is valid GraphQL but asks for something that cannot be answered."""

from graphql import GraphQLError


class BadInput(GraphQLError):
    """An argument is wrong. The message says which, why, and what would be right; `extensions.code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, extensions={"code": code})
