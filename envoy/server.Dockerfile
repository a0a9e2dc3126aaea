# The server's image. Build it from the project's folder after `make setup`, which builds the extension:
#   docker build -f envoy/server.Dockerfile -t tabwire .
FROM python:3.11-slim
RUN useradd --uid 10001 --create-home tabwire && install -d -o tabwire -g tabwire -m 700 /data
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir -c constraints.txt .
USER tabwire
ENV TABWIRE_HOME=/data TABWIRE_BROWSER=none
VOLUME /data
CMD ["tabwire", "serve"]
