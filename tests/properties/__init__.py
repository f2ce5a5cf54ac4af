"""Properties of the whole: what no caller may ever see, whatever they ask."""
