"""The register of laboratories: who takes part, with which software, and how far its connection is (MINSANTE n°101, §II)."""
