# Every Tellwire service and the command line tool are one image, `service`: what a
# container runs is its command. The other targets are the servers of
# docker-compose.yml with their settings. Nothing here needs BuildKit.

FROM debian:bookworm-slim AS pgbouncer
RUN apt-get update \
  && apt-get install -y --no-install-recommends pgbouncer \
  && rm -rf /var/lib/apt/lists/*
COPY deploy/pgbouncer/pgbouncer.ini /etc/tellwire/shared.ini
COPY deploy/compose/pgbouncer.ini /etc/tellwire/pgbouncer.ini
USER postgres
CMD ["pgbouncer", "/etc/tellwire/pgbouncer.ini"]

FROM postgres:17-bookworm AS postgres
COPY deploy/postgres/postgresql.conf /etc/tellwire/shared.conf
COPY deploy/compose/postgresql.conf /etc/tellwire/postgresql.conf
COPY deploy/compose/create-role.sh /docker-entrypoint-initdb.d/
USER postgres
CMD ["postgres", "-c", "config_file=/etc/tellwire/postgresql.conf"]

FROM redis:7.2-bookworm AS redis
COPY deploy/redis/redis.conf /etc/tellwire/shared.conf
COPY deploy/compose/redis.conf /etc/tellwire/redis.conf
USER redis
CMD ["redis-server", "/etc/tellwire/redis.conf"]

FROM nginx:1.28-bookworm AS nginx
COPY deploy/nginx/nginx.conf deploy/compose/nginx/*.conf /etc/tellwire/
USER nginx
ENTRYPOINT ["nginx", "-c", "/etc/tellwire/nginx.conf", "-e", "stderr"]
CMD []

# Only what says which packages are needed, so that the next stage installs them
# again when that has changed, and not with every line of code.
FROM node:24-bookworm-slim AS manifests
WORKDIR /tellwire
COPY . .
RUN node deploy/image/production-tree.mjs
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete

FROM node:24-bookworm-slim AS build
WORKDIR /tellwire
COPY --from=manifests /tellwire ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN node deploy/image/production-tree.mjs
RUN npx tsc -b apps/cli apps/edge apps/router apps/session apps/worker
RUN npm prune --omit=dev --no-audit --no-fund
RUN node deploy/image/trim.mjs

FROM node:24-bookworm-slim AS service
ENV NODE_ENV=production NODE_OPTIONS="--enable-source-maps --max-semi-space-size=8"
WORKDIR /tellwire
COPY --from=build /tellwire ./
USER node
EXPOSE 8080 8081 9000
# As long as it is not ready, nothing is sent here; only a dead process is restarted.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "deploy/image/health-check.mjs"]
ENTRYPOINT ["node"]
CMD ["apps/edge/dist/main.js"]
