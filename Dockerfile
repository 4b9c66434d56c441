# Node 26, the current LTS, on Debian 13 for building and running. Tag and digest are raised together.
FROM node:26.11.1-trixie-slim@sha256:193fe51b64e77981119c98c2002c9e32a70e2f006fb4d25068ce0558998917f0 AS base
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

FROM base AS build
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/ scripts/
COPY src/ src/
COPY workers/ workers/
RUN npm run build

FROM base AS dependencies
RUN npm ci --omit=dev --ignore-scripts

# Node and the C library it needs: no shell, no package manager.
FROM gcr.io/distroless/nodejs26-debian13:nonroot@sha256:2ee7b2c54a3e37dfc248af81c9f6bcdcaa50abe4af44aa47a3388431031b9283
ARG REVISION=unknown
LABEL org.opencontainers.image.title="sleipnir" \
      org.opencontainers.image.description="Ships the logs of every pod on a Kubernetes node to Grafana Loki: loses nothing, costs little." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# With one allocation arena for each thread, freed pushes stay in many places at once: 20 MiB of memory (bench:load).
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=dependencies /app/node_modules/ node_modules/
COPY --from=build /app/dist/ dist/

# Pod logs belong to root and others may not read them. Root needs no capability to read what it owns, so the
# manifests drop them all; a user other than root would need one that Kubernetes cannot give it.
USER 0:0

# The codecs are native: an image whose platform has no build of them fails here and not on a node.
RUN ["/nodejs/bin/node", "-e", "require('snappy').compressSync('x'); require('lz4-napi').compressSync('x')"]
RUN ["/nodejs/bin/node", "dist/cli.js", "version"]

EXPOSE 12345
STOPSIGNAL SIGTERM
# The main thread makes little garbage that lives: a small young generation is enough, threads to collect it would spend
# the quota of half a core, collections while it is idle free 3 MiB for 0.1 s, and at full load the heap would grow by
# 15 MiB before it is collected. The flags work on the command line only. The same as in the start script of package.json.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=1", "--single-threaded-gc", "--no-memory-reducer", "--heap-growing-percent=20", "/app/dist/cli.js"]
CMD ["run"]
