"""The process: the shell, the sources of commits, the stores, and the wiring of it all."""
