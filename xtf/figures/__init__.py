"""What people look at: Plotly figures, colours, and the data of the token view. Pure, without Streamlit."""
