"""What a running bot tells of itself: its log, its health, its metrics."""
