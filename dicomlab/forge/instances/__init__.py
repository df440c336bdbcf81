"""The instances of the samples, kind by kind."""
