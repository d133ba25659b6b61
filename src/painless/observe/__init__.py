"""What the controller says of itself: metrics and logs."""
