"""Figures that are only looked at."""

import plotly.graph_objects as go
import streamlit as st

from xtf.figures.drawing import alt


def show(figure: go.Figure, key: str) -> None:
    """Draws a figure in the page's theme, with its content in words for screen readers."""
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt(figure))
