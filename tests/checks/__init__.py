"""What `make check` checks besides format, types and import rules: things that are generated, pinned or written twice."""
