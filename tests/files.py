"""A small dashboard of nothing but links to files, served by the same routes as the real one."""

import json
from contextlib import contextmanager
from pathlib import Path

from tests.browser import dashboard

APP = '''
import json
from pathlib import Path
import streamlit as st
from streamlit.starlette import App
from xtf import workspace
from xtf.assets import asset
from xtf.ui import downloads, server

FILES = json.loads(Path("files.json").read_text())

if __name__ == "__main__":
    st.html(asset("frame.css"))
    st.title("Files")
    for number, (file, name) in enumerate(FILES):
        downloads.button(f"Take {number}", workspace.home() / file, name, key=f"take-{number}", help="A file.")
    for number, (file, name) in enumerate(FILES):
        if (workspace.home() / file).is_file():
            st.download_button(f"Load {number}", lambda file=file: (workspace.home() / file).open("rb"), name,
                               on_click="ignore", type="primary", icon=":material/download:")
    if st.button("Count"):
        st.session_state.count = st.session_state.get("count", 0) + 1
    st.write(f"counted {st.session_state.get('count', 0)}")
else:
    app = App(__file__, routes=server.routes(), lifespan=server.opening)
    links = [downloads.offer(workspace.home() / file, name) for file, name in FILES]
    Path("links.json").write_text(json.dumps(links))
'''


@contextmanager
def offered(home: Path, files: list[tuple[str, str]], name: str = "app", base: str = ""):
    """A server that offers these files of the workspace `home`, each with a name to save it under; `name` is that of
    its own folder there. Gives its address, and the path of each link.
    """
    folder = home / name
    (folder / ".streamlit").mkdir(parents=True)
    config = Path(__file__).parent.parent / ".streamlit" / "config.toml"
    (folder / ".streamlit" / "config.toml").write_bytes(config.read_bytes())
    (folder / "app.py").write_text(APP, encoding="utf-8")
    (folder / "files.json").write_text(json.dumps(files))
    with dashboard(home, home / "server.log", folder, base) as address:
        yield address, json.loads((folder / "links.json").read_text())
