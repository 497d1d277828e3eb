import { type Candidate, howItEnded, runCommand } from './command.ts';
import { type Metrics, parseMetrics } from './contract/metrics.ts';

/** An import of it evaluates what else it exports, a WebSocket client among that: 70 ms of CPU for each process of ours. */
const { get } = process.getBuiltinModule('node:http');

/** One reading of the agent's metrics: the text for the evidence, and its samples or why not. */
export type Scrape = { readonly text: string; readonly source: string } & (
  | { readonly ok: true; readonly metrics: Metrics }
  | { readonly ok: false; readonly reason: string }
);

/** Takes what the agent answered, as it came: evidence is its bytes. */
type Keep = (bytes: Uint8Array) => void;

/** The endpoint answers in milliseconds; one that is read this long hangs. */
const ENDPOINT_TIMEOUT_MS = 4000;
/** A real scrape is 10 KB; more than this is not one. */
const MAX_BYTES = 4 * 1024 * 1024;

/** What Prometheus 3 reads; it refuses a scrape that says to be anything else (prometheus.io/docs/prometheus/latest/migration). */
const READ_TYPES: readonly string[] = ['text/plain', 'application/openmetrics-text'];

/** Why Prometheus would not read the answer; undefined where it would. */
function refusal(type = ''): string | undefined {
  const [media = ''] = type.toLowerCase().split(';');
  return READ_TYPES.includes(media.trim())
    ? undefined
    : `its Content-Type is "${type}", which Prometheus refuses; it reads ${READ_TYPES.join(' and ')}`;
}

/** Reads what was scraped. @param source in words, for whoever reads the figure. */
export function readScrape(text: string, source: string): Scrape {
  const parsed = parseMetrics(text);
  return parsed.ok
    ? { ok: true, metrics: parsed.value, text, source }
    : { ok: false, reason: parsed.error, text, source };
}

/** Scrapes the daemon's own endpoint: true values in milliseconds, through the daemon's map handles. */
export function scrapeEndpoint(address: string, keep?: Keep): Promise<Scrape> {
  const source = `http://${address}/metrics`;
  return new Promise((resolve) => {
    const give = (reason: string) => {
      keep?.(new Uint8Array());
      resolve({ ok: false, reason, text: '', source });
    };
    const request = get(source, { timeout: ENDPOINT_TIMEOUT_MS, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_BYTES) request.destroy(new Error(`more than ${MAX_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        keep?.(whole);
        const text = whole.toString('utf8');
        const { statusCode, headers } = response;
        const reason =
          statusCode === 200 ? refusal(headers['content-type']) : `HTTP status ${statusCode}`;
        if (reason === undefined) resolve(readScrape(text, source));
        else resolve({ ok: false, reason, text, source });
      });
      response.on('error', (error) => give(error.message));
    });
    const late = `no answer within ${ENDPOINT_TIMEOUT_MS} ms`;
    request.on('timeout', () => request.destroy(new Error(late)));
    request.on('error', (error) => give(error.message));
  });
}

/** Scrapes through the command line: loads the whole BPF object, true for pinned counters only. */
export async function scrapeCommand(candidate: Candidate, keep?: Keep): Promise<Scrape> {
  const result = await runCommand(candidate, 'metrics', '--detailed');
  keep?.(result.stdoutBytes);
  const source = 'aegisbpf metrics --detailed';
  if (result.exitCode !== 0)
    return { ok: false, reason: howItEnded(result), text: result.stdout, source };
  return readScrape(result.stdout, source);
}

/** The counters of a daemon that runs: by its endpoint, and by the command line where it has none or it does not answer. */
export async function scrapeRunning(candidate: Candidate, address: string): Promise<Scrape> {
  const byEndpoint = await scrapeEndpoint(address);
  return byEndpoint.ok ? byEndpoint : scrapeCommand(candidate);
}
