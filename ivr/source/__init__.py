"""Text that people write: read with places, so that every mistake can be pointed at."""
