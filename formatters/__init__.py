"""What people read: pure functions from a digest to text in one dialect each."""
