/** The template of `text/chat-template.ts` in the language that other programs render templates from. */

/** Renders what `chatTemplate.prompt` renders, with `add_generation_prompt`; bos is the tokenizer's to add. */
export const chatTemplateJinja = [
  "{%- for message in messages -%}",
  "{%- if message['role'] == 'user' -%}{{ '### Instruction:\\n' }}",
  "{%- elif message['role'] == 'assistant' -%}{{ '### Response:\\n' }}{%- endif -%}",
  "{{ message['content'] | trim + '\\n\\n' }}",
  "{%- endfor -%}",
  "{%- if add_generation_prompt -%}{{ '### Response:\\n' }}{%- endif -%}",
].join("");
