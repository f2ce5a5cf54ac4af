"""What it costs, against what others cost: `python -m bench` (or `make bench`) measures and prints one table."""
