"""Home: the current run at a glance, and what to do next. Streamlit also finds here what else the server does."""

from streamlit.starlette import App

from xtf.ui import home, runs_view, server
from xtf.ui.frame import page, told

if __name__ == "__main__":  # the script, run for each visitor
    with page("Home", "What fine-tuning data teaches a language model, token by token.", home.first_start) as run:
        with told():
            home.overview(run)
        runs_view.runs_list()
else:  # the module, which the server imports once
    app = App(__file__, routes=server.routes(), lifespan=server.opening)
