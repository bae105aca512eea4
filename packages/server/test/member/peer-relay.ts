/**
 * Stands before a member's port for peers: its address is known before the member has one and outlives its restarts, and
 * the link to the member can be cut.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export class PeerRelay {
  private readonly server = createServer((socket) => this.forward(socket));
  private readonly sockets = new Set<Socket>();
  /** Undefined: nobody is there. */
  targetPort: number | undefined;

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Ends what goes through it and lets nothing more through, until there is a target again. */
  cut(): void {
    this.targetPort = undefined;
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private forward(from: Socket): void {
    if (this.targetPort === undefined) {
      from.destroy();
      return;
    }
    const to = connect({ host: '127.0.0.1', port: this.targetPort, noDelay: true });
    from.setNoDelay(true);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.sockets.add(one);
      one.on('data', (chunk: Buffer) => other.write(chunk));
      one.on('error', () => {});
      // What one side ends is over at once for the other, as it is when a process dies.
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroySoon();
      });
    }
  }
}
