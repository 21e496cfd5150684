# sockit as a static program in an empty image:
#   docker build -t sockit .
#   docker run -p 60000:60000 sockit chat serve --listen :60000
FROM rust:1.96-alpine AS build
RUN apk add --no-cache musl-dev gcc
WORKDIR /sockit
COPY . .
RUN cargo build --release --locked --package cli

FROM scratch
COPY --from=build /sockit/target/release/sockit /sockit
# No name is needed, because the image has no /etc/passwd.
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["/sockit"]
CMD ["chat", "serve", "--listen", ":60000"]
