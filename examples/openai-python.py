# Streams a completion, and shows the reasoning of another, with the `openai` package for Python.
# Run it: `pip install openai`, `npm ci && npm start`, and in another terminal `python3 examples/openai-python.py`.
# Another server: `BASE_URL=http://host:8080/v1 python3 examples/openai-python.py`.
import os

from openai import APIStatusError, OpenAI

client = OpenAI(base_url=os.environ.get("BASE_URL", "http://localhost:8080/v1"), api_key="not needed")
question = [{"role": "user", "content": "What is 12 * 7?"}]

stream = client.chat.completions.create(
    model="streaming",
    messages=question,
    stream=True,
    stream_options={"include_usage": True},
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
    if chunk.usage:
        print(f"\n({chunk.usage.total_tokens} tokens)\n")

completion = client.chat.completions.create(model="reasoning", messages=question)
message = completion.choices[0].message
print("Thinking:", message.reasoning_content)
print("Reply:", message.content)

try:
    client.chat.completions.create(model="no-such-workflow", messages=question)
except APIStatusError as error:
    print(f"\nRefused: {error.status_code} {error.code} (request {error.request_id})")
