"""The ORD API: the delta source of the register until its successor takes over."""
