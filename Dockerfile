# The dashboard in a container, for the machine it runs on:
#   docker build -t xtf .
#   docker run --init -p 127.0.0.1:8501:8501 -v xtf:/data xtf
# There is no login: publish the port on 127.0.0.1, or put something with a login in front.
FROM python:3.11-slim-bookworm

# The CPU build of PyTorch is gigabytes smaller: --build-arg PIP_EXTRA_INDEX_URL=… with the CPU index that PyTorch's
# install page names. Without it the build for NVIDIA GPUs is installed, which also runs on a CPU.
ARG PIP_EXTRA_INDEX_URL=

ENV PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1 \
    XTF_HOME=/data \
    STREAMLIT_CLIENT_SHOW_ERROR_DETAILS=type

RUN apt-get update \
    && apt-get install -y --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 xtf \
    && install -d -o xtf -g xtf /app /data

USER xtf
WORKDIR /app

# The libraries and the embedded model change seldom: a layer of their own.
COPY --chown=xtf:xtf Makefile requirements.txt constraints.txt ./
COPY --chown=xtf:xtf scripts scripts
RUN make libraries

COPY --chown=xtf:xtf . .
RUN make install

VOLUME /data
EXPOSE 8501
HEALTHCHECK --start-period=30s --interval=30s --timeout=5s \
    CMD ["/app/.venv/bin/python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health')"]

# 0.0.0.0 is the container's side of the published port; browsers ask for it as localhost.
CMD ["/app/.venv/bin/xtf", "app", "--address", "0.0.0.0", "--allow-host", "localhost", "--allow-host", "127.0.0.1", \
     "--no-open"]
