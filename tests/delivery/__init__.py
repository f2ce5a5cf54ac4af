"""Tests of the room of delivery. They need no Neo4j."""
