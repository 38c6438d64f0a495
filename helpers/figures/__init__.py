"""Tables to matplotlib axes. Draws; never estimates."""
