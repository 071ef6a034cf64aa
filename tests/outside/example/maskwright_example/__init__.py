"""What maskwright-example brings."""
