# syntax=docker/dockerfile:1
#
# midcall as a container: locked packages only, a user without privileges, the store in a volume.
# How to use it: docs/how-to/docker.md.

# --- The Voice SDK, for the phone page

FROM node:20-slim AS sdk
WORKDIR /sdk
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund

# --- The program, with what it needs and nothing else

FROM python:3.11-slim AS program
WORKDIR /build
COPY requirements/build.txt requirements/run.txt requirements/
RUN python -m venv /builder \
    && /builder/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt \
    && python -m venv /opt/midcall \
    && /opt/midcall/bin/pip install --no-cache-dir --require-hashes --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY src/ src/
RUN /builder/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir wheels . \
    && /opt/midcall/bin/pip install --no-cache-dir --no-deps --no-index wheels/*.whl

# --- What runs

FROM python:3.11-slim
# espeak-ng speaks <Say>. Its version is that of the Debian release that the image is of.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends espeak-ng \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/midcall --shell /usr/sbin/nologin midcall \
    && install --directory --owner=midcall --mode=0700 /var/lib/midcall
COPY --from=program /opt/midcall /opt/midcall
COPY --from=sdk /sdk/node_modules/@twilio/voice-sdk/dist/twilio.min.js /opt/midcall/share/twilio.min.js
COPY deploy/ready.py /opt/midcall/share/ready.py

ENV PATH=/opt/midcall/bin:$PATH \
    MIDCALL_STORE=sqlite:////var/lib/midcall/midcall.db \
    MIDCALL_VOICE_SDK=/opt/midcall/share/twilio.min.js \
    MIDCALL_LOG_FORMAT=json

USER 10001
WORKDIR /var/lib/midcall
VOLUME /var/lib/midcall
EXPOSE 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "/opt/midcall/share/ready.py"]
ENTRYPOINT ["midcall"]
CMD ["serve"]
