import type { JsonObject } from '../../kernel/index.js';
import type { ResponseHead } from './decoded-request.js';
import type { ResponseRequest, ResponseTool } from './dto/index.js';
import { dropNothing } from './items/input-content.js';
import { describeMcpTool, isMcp } from './mcp/requested-servers.js';

/** The fields of a response that repeat its request: the client's values, and defaults for the rest. */
export function makeResponseHead(
  body: ResponseRequest,
  { id, createdAt, isStored }: { readonly id: string; readonly createdAt: number; readonly isStored: boolean },
): ResponseHead {
  const { reasoning, text } = body;
  return {
    id,
    created_at: createdAt,
    model: body.model,
    background: body.background ?? false,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: {
      effort: reasoning?.effort ?? null,
      summary: reasoning?.summary ?? reasoning?.generate_summary ?? null,
    },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: body.service_tier ?? 'default',
    store: isStored,
    temperature: body.temperature ?? 1,
    top_p: body.top_p ?? 1,
    presence_penalty: body.presence_penalty ?? 0,
    frequency_penalty: body.frequency_penalty ?? 0,
    text: { ...dropNothing(text ?? {}), format: dropNothing({ ...(text?.format ?? { type: 'text' }) }) },
    tool_choice: (body.tool_choice ?? 'auto') as ResponseHead['tool_choice'],
    tools: (body.tools ?? []).map(echoTool),
    top_logprobs: body.top_logprobs ?? 0,
    truncation: body.truncation ?? 'disabled',
    user: body.user ?? null,
  };
}

/** Clients look for these keys of functions, given or not. */
function echoTool(tool: ResponseTool): JsonObject {
  const given = dropNothing({ ...(isMcp(tool) ? describeMcpTool(tool) : tool) });
  return tool.type === 'function' ? { description: null, parameters: null, strict: null, ...given } : given;
}
