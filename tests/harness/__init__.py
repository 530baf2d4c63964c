"""The test harness: the stack, clients for REST, raw HTTP and the broker, and waiting with a timeout."""
