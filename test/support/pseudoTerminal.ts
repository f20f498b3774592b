import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/**
 * Opens a pseudo-terminal, prints its path, and passes on bytes between it and the standard
 * streams. Perl is part of every Debian; Node.js cannot make a pseudo-terminal by itself. The
 * numbers are TIOCSPTLCK and TIOCGPTN of Linux on all but a few old processors.
 */
const RELAY = `
use strict; use Fcntl; use POSIX ();
sysopen(my $master, "/dev/ptmx", O_RDWR | O_NOCTTY) or die "ptmx: $!";
my $unlocked = pack("i", 0);
ioctl($master, 0x40045431, $unlocked) or die "unlock: $!";
my $number = pack("I", 0);
ioctl($master, 0x80045430, $number) or die "number: $!";
my $path = "/dev/pts/" . unpack("I", $number);
sysopen(my $slave, $path, O_RDWR | O_NOCTTY) or die "$path: $!";
my $terminal = POSIX::Termios->new;
$terminal->getattr(fileno($slave));
$terminal->setlflag(0); $terminal->setiflag(0); $terminal->setoflag(0);
$terminal->setattr(fileno($slave));
syswrite(STDOUT, "$path\\n");
while (1) {
  my $ready = "";
  vec($ready, fileno(STDIN), 1) = 1; vec($ready, fileno($master), 1) = 1;
  select($ready, undef, undef, undef);
  for my $way ([*STDIN, $master], [$master, *STDOUT]) {
    my ($from, $to) = @$way;
    next unless vec($ready, fileno($from), 1);
    my $count = sysread($from, my $bytes, 65536);
    exit 0 unless $count;
    for (my $at = 0; $at < $count;) { $at += syswrite($to, $bytes, $count - $at, $at) || exit 1 }
  }
}
`;

/**
 * Whether a pseudo-terminal can be had. Without one the test over it says so and is not run;
 * where everything is meant to be tested (`CI` is set) its absence is an error.
 */
export const HAS_PSEUDO_TERMINAL =
  process.platform === "linux" &&
  spawnSync("perl", ["-e", "use POSIX (); -c '/dev/ptmx' or exit 1"]).status === 0;
if (!HAS_PSEUDO_TERMINAL) {
  const problem = "there is no pseudo-terminal (Linux with perl and /dev/ptmx)";
  if (process.env["CI"]) throw new Error(problem);
  console.warn(`${problem}: the test of a real serial port is not run`);
}

/** A pseudo-terminal: what one side writes, the other reads. */
export interface PseudoTerminal {
  /** To be opened as a serial port. */
  readonly path: string;
  /** Gets what the one who opened the path writes. */
  onData: (bytes: Uint8Array) => void;
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Opens a pseudo-terminal. */
export async function openPseudoTerminal(): Promise<PseudoTerminal> {
  const relay = spawn("perl", ["-e", RELAY], { stdio: ["pipe", "pipe", "inherit"] });
  const [first] = (await once(relay.stdout, "data")) as [Buffer];
  const terminal: PseudoTerminal = {
    path: first.toString().trim(),
    onData: () => {},
    write: (bytes) => void relay.stdin.write(bytes),
    close: () => void relay.kill(),
  };
  relay.stdout.on("data", (bytes: Buffer) => terminal.onData(Uint8Array.from(bytes)));
  return terminal;
}
