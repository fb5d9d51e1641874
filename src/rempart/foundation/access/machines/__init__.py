"""The keys and certificates by which laboratories' machines prove who they are."""
