"""Everything that needs Streamlit, above the library. It never runs a model, and importing it imports no torch."""
