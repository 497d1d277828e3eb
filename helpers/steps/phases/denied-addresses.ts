import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Candidate, howItEnded, runCommand } from '../../agent/command.ts';
import type { EventLog } from '../../agent/stream/event-log.ts';
import type { Journal } from '../../changes/journal.ts';
import { listNetworkRules } from '../../changes/rules.ts';
import { failed, noEvidence } from '../../criteria/judgement.ts';
import type { SideSubject } from '../../soak/side-work.ts';
import type { Protocol } from '../../workload/attempt-counts.ts';
import { connectOnce } from '../../workload/connects.ts';

/** A loopback address and port of ours that something listens on, for one protocol. */
export interface DeniedAddress {
  readonly protocol: Protocol;
  readonly ip: string;
  readonly port: number;
  close(): void;
}

const PROTOCOLS: readonly Protocol[] = ['tcp', 'udp'];
const CONNECT_MS = 2000;

/** An address in 127.0.0.0/8 that nothing else uses: one of 16 million, and not the usual ones. */
const randomLoopback = () => `127.${randomInt(16, 255)}.${randomInt(0, 256)}.${randomInt(2, 255)}`;

async function listen(protocol: Protocol): Promise<DeniedAddress> {
  const ip = randomLoopback();
  if (protocol === 'udp') {
    const socket = createSocket('udp4');
    socket.bind(0, ip);
    await once(socket, 'listening');
    return { protocol, ip, port: socket.address().port, close: () => socket.close() };
  }
  // Nothing is read: that would be a decision of its own.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {});
    socket.destroy();
  });
  server.listen(0, ip);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { protocol, ip, port, close: () => server.close() };
}

/** Listeners for the network workload, each reached once without a rule. */
export async function ownAddresses(): Promise<DeniedAddress[]> {
  const addresses = await Promise.all(PROTOCOLS.map(listen));
  for (const { protocol, ip, port } of addresses) {
    const counts = { attempts: 0, allowed: 0, eperm: 0, otherErrno: {}, signals: 0 };
    await Promise.race([connectOnce(protocol, `${ip}:${port}`, counts), sleep(CONNECT_MS)]);
    if (counts.allowed === 1) continue;
    for (const address of addresses) address.close();
    throw noEvidence(
      `a ${protocol} connect to ${ip}:${port}, a listener of our own, did not succeed even without a rule; SOAK_NET_WORKLOAD=1 needs a loopback that works`,
      { source: `${ip}:${port}` },
    );
  }
  return addresses;
}

const ruleOf = ({ ip, port }: DeniedAddress) => ['--ip-port', `${ip}:${port}`];

/** Adds or removes our rule. @throws JudgementError (fail) when the agent does not. */
async function change(
  candidate: Candidate,
  address: DeniedAddress,
  verb: 'add' | 'del',
): Promise<void> {
  const result = await runCommand(candidate, 'network', 'deny', verb, ...ruleOf(address));
  if (result.exitCode !== 0) throw failed(howItEnded(result), { source: result.command });
}

/** Judges after all of them were added, or removed. @throws JudgementError (fail) when the agent's list says otherwise. */
export async function mustBeListed(
  candidate: Candidate,
  addresses: readonly DeniedAddress[],
  verb: 'add' | 'del',
): Promise<void> {
  if (addresses.length === 0) return;
  const listed = await listNetworkRules(candidate);
  const [limit, wrong] = verb === 'add' ? [1, 'lacks it'] : [0, 'still has it'];
  for (const { ip, port } of addresses) {
    const rule = `${ip}:${port}`;
    const isListed = listed.some((entry) => entry === rule || entry.startsWith(`${rule}:`));
    if (Number(isListed) === limit) continue;
    throw failed(
      `\`network deny ${verb}\` said yes for ${rule}, and \`network deny list\` ${wrong}`,
      { value: Number(isListed), limit, unit: 'rules', source: 'aegisbpf network deny list' },
    );
  }
}

/** Denies the address, journalled first. @returns the journal entry's id, for `allowAddress`. */
export async function denyAddress(
  candidate: Candidate,
  address: DeniedAddress,
  journal: Journal,
): Promise<string> {
  const id = journal.record({ kind: 'network-rule', arguments: ruleOf(address) });
  await change(candidate, address, 'add');
  return id;
}

/** Removes our rule. @throws JudgementError (fail) when the agent does not. */
export const allowAddress = (candidate: Candidate, address: DeniedAddress): Promise<void> =>
  change(candidate, address, 'del');

/** What the soak does with them. */
export function addressSubjects(
  addresses: readonly DeniedAddress[],
  events: EventLog,
): SideSubject[] {
  return addresses.map(({ protocol, ip, port }) => ({
    attempt: `${protocol}-connect`,
    target: `${ip}:${port}`,
    counted: { ip, port },
    values: { family: 'ipv4', protocol, direction: 'egress', rule_type: 'ip_port' },
    decisions: events.watchAddress({ ip, port }),
  }));
}
