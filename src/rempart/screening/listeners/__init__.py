"""Machines' doors beside HTTP: bytes come in, the road keeps them, an acknowledgement goes back."""
