"""The room of the policy."""
