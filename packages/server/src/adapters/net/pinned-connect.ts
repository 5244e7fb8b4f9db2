import { isIP, type LookupFunction, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import type { buildConnector } from 'undici';
import type { Address } from './address.ts';

/**
 * A connector for one undici client that can reach only the given, already checked addresses: no name is resolved
 * between the check and the connection, so a resolver that changes its mind (rebinding) changes nothing. TLS still
 * names the host of the URL and checks the certificate against it.
 *
 * Written out instead of undici's own, because that one lets a socket go on connecting after its client was destroyed,
 * up to its timeout; here the signal ends it.
 */
export function pinnedConnector(addresses: readonly Address[], signal: AbortSignal): buildConnector.connector {
  const lookup = pinnedLookup(addresses);
  return ({ hostname, protocol, port }, callback) => {
    const secure = protocol === 'https:';
    const options = { host: hostname, port: Number(port) || (secure ? 443 : 80), lookup };
    const socket = secure
      ? tlsConnect({
          ...options,
          servername: isIP(hostname) === 0 ? hostname : '',
          ALPNProtocols: ['http/1.1'],
          // Said out loud, so that NODE_TLS_REJECT_UNAUTHORIZED=0 in somebody's environment changes nothing here.
          rejectUnauthorized: true,
        })
      : tcpConnect(options);
    const stop = () => socket.destroy(new Error('the fetch was stopped'));
    const fail = (error: Error) => callback(error, null);
    socket.once('error', fail);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      // From here on undici listens for errors itself.
      socket.off('error', fail);
      callback(null, socket);
    });
    signal.addEventListener('abort', stop, { once: true });
    socket.once('close', () => signal.removeEventListener('abort', stop));
    if (signal.aborted) stop();
  };
}

/** Answers every look-up with the same addresses. Node does not call it for literals, which are checked addresses too. */
function pinnedLookup(addresses: readonly Address[]): LookupFunction {
  const all = addresses.map((address) => ({ address: address.toString(), family: address.kind() === 'ipv4' ? 4 : 6 }));
  const [first = { address: '', family: 4 }] = all;
  return (_hostname, options, callback) => {
    if (options.all) callback(null, all);
    else callback(null, first.address, first.family);
  };
}
