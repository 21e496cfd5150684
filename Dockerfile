# sockit as a static program in an empty image:
#   docker build -t sockit .
#   docker run -p 60000:60000 sockit chat serve --listen :60000
# Rust for Alpine links musl statically.
FROM rust:1.96-alpine AS build
# A C compiler for ring, and root certificates.
RUN apk add --no-cache gcc musl-dev ca-certificates-bundle
WORKDIR /sockit
COPY . .
RUN cargo build --release --locked --package cli

FROM scratch
# For rediss:// and for clients, such as sockit get.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /sockit/target/release/sockit /sockit
# No name is needed, because the image has no /etc/passwd.
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["/sockit"]
CMD ["chat", "serve", "--listen", ":60000"]
