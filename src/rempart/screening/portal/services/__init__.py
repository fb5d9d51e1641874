"""What a visitor of the portal can do: one function per thing."""
