# syntax=docker/dockerfile:1
# The gateway alone. It listens on every address inside its container, so it wants TWILIO_AUTH_TOKEN and PUBLIC_URL.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json vite.config.ts ./
COPY src ./src
RUN npm run build
# What only the build and the tests need goes, the simulators and their GPL voice with it. Of @ricky0123/vad-web
# one model file is used, so what it would need in a browser goes, and so do the libraries for other systems.
RUN npm prune --omit=dev \
  && rm -rf dist/sim node_modules/onnxruntime-web node_modules/.cache \
  && find node_modules/onnxruntime-node/bin -mindepth 2 -maxdepth 2 -not -name linux -exec rm -rf {} + \
  && find node_modules/onnxruntime-node/bin/*/linux -mindepth 1 -maxdepth 1 -not -name "$(node -p process.arch)" -exec rm -rf {} +

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY agents ./agents
COPY LICENSE ./
RUN install -d -o node -g node /data
VOLUME /data
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The first one drains: no new calls, and the live ones may end. Give it time (docs/operations.md).
STOPSIGNAL SIGTERM
CMD ["node", "--enable-source-maps", "dist/main.js"]
