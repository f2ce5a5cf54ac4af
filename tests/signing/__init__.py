"""Documents signed by officers: made, verified, and refused."""
