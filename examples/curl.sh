#!/bin/sh
# Lists the workflows, then requests a whole completion and a stream, with curl.
# Run it: `npm ci && npm start`, and in another terminal `sh examples/curl.sh`.
# Another server: `BASE_URL=http://host:8080/v1 sh examples/curl.sh`.
set -eu
base=${BASE_URL:-http://localhost:8080/v1}

curl -sS --fail-with-body "$base/models"
printf '\n\n'

# --fail-with-body: exit code 22 for an error status, and the error is still shown.
curl -sS --fail-with-body "$base/chat/completions" \
  -H 'Content-Type: application/json' \
  -d '{"model": "chat", "messages": [{"role": "user", "content": "What is 12 * 7?"}]}'
printf '\n\n'

# -N: curl prints each event on arrival.
curl -sSN --fail-with-body "$base/chat/completions" \
  -H 'Content-Type: application/json' \
  -d '{
    "model": "streaming",
    "stream": true,
    "stream_options": {"include_usage": true},
    "messages": [{"role": "user", "content": "What is 12 * 7?"}]
  }'
