# What ./build.sh publish made, in a container: podman build --target cpu -t sdstudio . (or docker, buildah). Targets: cpu, vulkan, cuda.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS cpu
# HTTPS, for downloads of models.
RUN if [ ! -e /etc/ssl/certs/ca-certificates.crt ] || ! ldconfig -p | grep -q libssl.so.3; then \
      apt-get update && apt-get install -y --no-install-recommends ca-certificates libssl3 && rm -rf /var/lib/apt/lists/*; fi
COPY artifacts/publish/SdStudio-*-linux-x64/ /opt/sdstudio/
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin sdstudio && mkdir -p /data/models && chown -R sdstudio:sdstudio /data \
    && ln -s /opt/sdstudio/sdstudio /usr/local/bin/sdstudio
USER 10001
WORKDIR /data
VOLUME ["/data", "/data/models"]
# A server that others can reach needs a key: SdStudio__Security__ApiKey_FILE names the file it is in.
ENV ASPNETCORE_URLS=http://0.0.0.0:3000 \
    SdStudio__DataDirectory=/data \
    SdStudio__Watch=false
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["sdstudio", "health"]
ENTRYPOINT ["sdstudio"]
CMD ["serve"]

# Cards of AMD and Intel through Mesa. NVIDIA's driver is brought in by its container toolkit and needs these libraries of X and EGL.
FROM cpu AS vulkan
USER root
RUN apt-get update && apt-get install -y --no-install-recommends libvulkan1 mesa-vulkan-drivers libegl1 libxext6 && rm -rf /var/lib/apt/lists/*
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics
USER 10001

# Untried: needs the engine that `./build.sh native --preset=cuda` builds, and CUDA's runtime in the base image.
FROM cpu AS cuda
COPY build/cuda/out/ /opt/sdstudio/runtimes/linux-x64/native/cuda/
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
