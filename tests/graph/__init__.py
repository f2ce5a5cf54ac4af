"""The room of Neo4j."""
