import { createConnection } from 'node:net';

/** An answer is a line of JSON; more than this is none. */
const MAX_BYTES = 64 * 1024;

/** What the agent answered on its control socket; in words why not, where it did not. */
export type ControlAnswer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/**
 * One request on the agent's control socket (docs/agent-contract.md §5.6): it answers, and closes.
 * @param timeoutMs for the whole of it.
 */
export function controlRequest(
  path: string,
  request: string,
  timeoutMs: number,
): Promise<ControlAnswer> {
  return new Promise((resolve) => {
    const socket = createConnection(path, () => socket.write(`${request}\n`));
    const timer = setTimeout(() => end(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    let text = '';
    const end = (reason?: string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reason === undefined ? { ok: true, text: text.trim() } : { ok: false, reason });
    };
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_BYTES) end(`more than ${MAX_BYTES} bytes`);
    });
    socket.on('error', ({ message }) => end(message));
    socket.on('close', () => end(text === '' ? 'it closed without an answer' : undefined));
  });
}
