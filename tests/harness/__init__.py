"""What the suites speak with: the stack, REST, raw HTTP, the broker, and timeout."""
