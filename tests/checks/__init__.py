"""What `make check` checks besides format, types and import rules: what is generated, pinned or written twice."""
