"""The foundation: reference services every system stands on, which know none of them."""
