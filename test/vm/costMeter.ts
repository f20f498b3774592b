/** Takes a sample of the measured code; stock operators are asynchronous. */
export type Take = (value: number, timeS: number) => number | Promise<void>;

const PERIOD_S = 10;

/**
 * Particles beside a road: up from 15 to 45 ug/m3 and down again in 100 minutes, with a
 * noise of 1 ug/m3 from sample to sample.
 */
function signal(samples: number): number[] {
  const values: number[] = [];
  let seed = 1;
  for (let i = 0; i < samples; i++) {
    seed = (seed * 75 + 74) % 65537;
    values.push(45 - Math.abs((i % 600) - 300) / 10 + seed / 65537);
  }
  return values;
}

/**
 * Takes that many samples without a pause, then prints a line a turn until the VM's step
 * limit ends the program: the fewer turns, the more steps the samples took.
 */
export async function spendSteps(
  samples: number,
  take: Take,
  pause: () => Promise<void>,
): Promise<void> {
  const values = signal(samples);
  // The first sample starts the stages; a pause begins the count of steps anew.
  if (samples > 0) await take(values[0], 0);
  await pause();
  for (let i = 1; i < samples; i++) await take(values[i], i * PERIOD_S);
  countTurns();
}

/** Prints a line a turn until the VM's step limit ends the program. */
export function countTurns(): void {
  let turns = 0;
  while (true) console.log("turn " + turns++);
}

/** Samples between two marks. */
const BLOCK = 10;

/**
 * Takes that many samples and prints `MARK` before and after each ten: the use of the
 * heap at these lines tells what the samples allocated.
 */
export async function spendMemory(
  samples: number,
  take: Take,
  pause: () => Promise<void>,
): Promise<void> {
  const values = signal(BLOCK);
  for (let block = 0; block < samples / BLOCK; block++) {
    await pause();
    console.log("MARK");
    for (let i = 0; i < BLOCK; i++) await take(values[i], (block * BLOCK + i) * PERIOD_S);
    console.log("MARK");
  }
}
