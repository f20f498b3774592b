import type { CalibrationDescription, ChainDescription } from "../contract/chain";
import { dryFactor } from "./calibration";
import { LONGEST_S, SILENCE_INTERVALS } from "./chain";
import { DoorChain } from "./doorChain";
import { Outcome } from "./outcome";
import { Shaping } from "./shaping";
import { LevelStatistics, WindowStatistics } from "./statistics";

/** Share of the interval by which samples come early or late without any meaning. */
const JITTER = 0.01;

/**
 * A chain with stages between the range and the report, or with statistics.
 *
 * `accept` runs for every sample of every channel, and a call costs the VM as much as a
 * stage's work: so the common stages stand in it, in full, and what is rare is elsewhere.
 * What depends on the interval between samples is worked out when the interval changes.
 */
export class SignalChain extends DoorChain {
  /**
   * A sample from `low` to `high` is plausible when it comes `intervalS` after the one
   * before, which was in that band, too: the band lies within the range and is no wider
   * than the greatest change in that time.
   */
  private low = Infinity;
  private high = -Infinity;
  private intervalS = NaN;
  /** Linear calibration and exponential smoothing in one: keep * value + take * sample + add. */
  private keep = 0;
  private take = 1;
  private add = 0;
  /** The last two accepted samples; the one before the last for the median only. */
  private last = 0;
  private before?: number;
  /** Next time at which the heartbeat is due or a window of the statistics ends. */
  private eventS = -Infinity;
  /** Time after which the heartbeat is late. */
  private dueS = -Infinity;
  /** Interval that the shares were worked out for; another one close to it changes nothing. */
  private paceS = NaN;
  /** The last interval that was neither a silence nor zero. */
  private usualS = NaN;
  private readonly medianOfThree?: boolean;
  private readonly shaping?: Shaping;
  private readonly levels?: LevelStatistics;
  private readonly figures?: WindowStatistics;
  /** Time of the last value that the figures have counted. */
  private countedS?: number;
  private readonly maxPerS?: number;
  private readonly timeConstantS?: number;
  private readonly calibration?: CalibrationDescription;
  /** Gain with the correction of the humidity. */
  private factor = 1;

  constructor(description: ChainDescription) {
    super(description);
    const { rate, spike, calibrate, smooth, statistics } = description;
    if (rate) this.maxPerS = rate.maxPerS;
    if (calibrate) {
      this.calibration = calibrate;
      this.factor = calibrate.gain ?? 1;
    }
    if (smooth && smooth.timeConstantS !== undefined) this.timeConstantS = smooth.timeConstantS;
    const window = smooth && smooth.timeConstantS === undefined;
    const longSpike = spike && spike.median !== 3;
    if (longSpike || window || (calibrate && calibrate.points))
      this.shaping = new Shaping(description);
    else if (spike) this.medianOfThree = true;
    if (!statistics) return;
    if (statistics.energyMean) this.levels = new LevelStatistics(statistics.windowS);
    else this.figures = new WindowStatistics(statistics.windowS);
    this.statistics = this.levels ?? this.figures;
  }

  override accept(value: number, timeS: number): number {
    // Nested, since && costs five steps of the VM.
    if (value >= this.low)
      if (value <= this.high)
        if (timeS - this.timeS === this.intervalS) {
          let outcome = Outcome.Accepted as number;

          if (this.medianOfThree) {
            // The newest, held between the two others.
            const last = this.last;
            const before = this.before as number;
            this.before = last;
            this.last = value;
            if (last < before) {
              if (value < last) value = last;
              else if (value > before) value = before;
            } else if (value < before) value = before;
            else if (value > last) value = last;
          } else {
            this.last = value;
            if (this.shaping) value = this.shaping.next(value, this.factor, this.offset());
          }

          // Without smoothing and calibration this is 0 * value + 1 * sample + 0.
          value = this.keep * this.value + this.take * value + this.add;

          if (this.swings) {
            const sinceS = timeS - (this.fromS as number);
            const highest = (value - (this.bottom as number)) / sinceS;
            const lowest = (value - (this.top as number)) / sinceS;
            if (highest < (this.highestSlope as number)) {
              if (highest < (this.lowestSlope as number)) outcome = this.leaveDoor(value, timeS);
              else {
                this.highestSlope = highest;
                if (lowest > (this.lowestSlope as number)) this.lowestSlope = lowest;
              }
            } else if (lowest > (this.lowestSlope as number)) {
              if (lowest > (this.highestSlope as number)) outcome = this.leaveDoor(value, timeS);
              else this.lowestSlope = lowest;
            }
          }

          this.value = value;
          this.timeS = timeS;
          if (timeS >= this.eventS) outcome = this.onTime(outcome);

          const figures = this.figures;
          if (figures) {
            // Written out, since += on a field of another object costs two steps more.
            // Their number follows from their times, when it is asked for.
            figures.sum = figures.sum + value;
            figures.squares = figures.squares + value * value;
            if (value > figures.highest) figures.highest = value;
            else if (value < figures.lowest) figures.lowest = value;
          } else if (this.levels) this.levels.add(value);

          if (value > this.calmHigh) outcome |= this.stir();
          else if (value < this.calmLow) outcome |= this.stir();
          return outcome;
        }
    return this.judge(value, timeS);
  }

  override interrupt(): number {
    this.countValues();
    const outcome = this.flush();
    this.timeS = NaN;
    return outcome;
  }

  override setHumidity(humidityPct: number): void {
    const calibration = this.calibration;
    if (!calibration || !calibration.humidity) return;
    this.factor = (calibration.gain ?? 1) * dryFactor(calibration.humidity.kappa, humidityPct);
    this.paceS = NaN;
    this.intervalS = NaN;
  }

  protected override reported(): void {
    this.dueS = this.reportTimeS + this.heartbeatS - this.usualS;
    this.findEvent();
  }

  /**
   * Takes a sample that is not usual: rejects it, or works out anew what it changes, and
   * takes it then. With the first sample, after a silence and after a jump back it starts
   * the stages anew.
   */
  private judge(sample: number, timeS: number): number {
    if (!(sample >= this.min && sample <= this.max)) return this.reject();
    if (!(Math.abs(timeS) <= LONGEST_S)) return this.reject();
    this.countValues();
    const intervalS = timeS - this.timeS;
    const forward = intervalS >= 0;
    let greatest = Infinity;
    if (forward && this.maxPerS !== undefined) {
      // It grows with the time since the last accepted sample, so a true step passes
      // in the end.
      greatest = this.maxPerS * intervalS;
      if (Math.abs(sample - this.last) > greatest) return this.reject();
    }
    this.low = Math.max(this.min, sample - greatest / 2);
    this.high = Math.min(this.max, sample + greatest / 2);

    // A clock's jitter is none of these.
    let outcome = 0;
    if (!(Math.abs(intervalS - this.paceS) <= JITTER * this.paceS)) {
      const goesOn = forward && !(intervalS > SILENCE_INTERVALS * this.usualS);
      if (!goesOn) outcome = this.restart(sample, timeS, forward);
      this.setShare(forward ? intervalS : Infinity);
      // A silence is not expected again, and two samples at one time tell no interval.
      this.paceS = goesOn ? intervalS : NaN;
      if (intervalS !== 0) this.usualS = this.paceS;
      this.dueS = this.reportTimeS + this.heartbeatS - intervalS;
      this.findEvent();
      if (!forward) {
        this.dueS = -Infinity;
        this.eventS = -Infinity;
        this.value = 0;
        this.timeS = timeS;
      }
    }
    this.intervalS = timeS - this.timeS;
    if (this.paceS > 0) return outcome | this.accept(sample, timeS);
    if (this.figures) {
      this.figures.running++;
      this.countedS = timeS;
    }
    outcome |= this.accept(sample, timeS);
    // A silence, or samples at one time, are no interval: the next one is judged, too,
    // also where it is as long as the silence was.
    this.intervalS = NaN;
    return outcome;
  }

  /** Counts the values since the last count, which came at one interval. */
  private countValues(): void {
    const figures = this.figures;
    if (!figures) return;
    const countedS = this.countedS ?? NaN;
    if (this.timeS > countedS)
      figures.running += Math.round((this.timeS - countedS) / this.intervalS);
    this.countedS = this.timeS;
  }

  /** Works out smoothing and calibration for an interval. */
  private setShare(intervalS: number): void {
    this.keep = this.timeConstantS === undefined ? 0 : Math.exp(-intervalS / this.timeConstantS);
    const share = 1 - this.keep;
    this.take = this.shaping ? share : share * this.factor;
    this.add = this.shaping ? 0 : share * this.offset();
  }

  private offset(): number {
    return this.calibration?.offset ?? 0;
  }

  private restart(sample: number, timeS: number, forward: boolean): number {
    let outcome = 0;
    if (this.swings && !(forward && this.keepsDistance())) outcome = this.restartDoor();
    this.last = sample;
    if (this.medianOfThree) this.before = sample;
    if (this.shaping) this.shaping.restart();
    if (this.alarms) this.alarms.restart(timeS);
    return outcome;
  }

  /** A window of the statistics may be over, or the heartbeat due. */
  private onTime(before: number): number {
    let outcome = before;
    const statistics = this.statistics;
    if (statistics && statistics.isOver(this.timeS)) {
      // The value just taken is counted already, but is the first of the next window.
      const figures = this.figures;
      this.countValues();
      if (figures) figures.running--;
      if (statistics.begin(this.value, this.timeS)) outcome |= Outcome.Statistics;
      if (figures) figures.running++;
    }
    if (this.timeS > this.dueS)
      outcome = this.swings ? this.beat(outcome) : outcome | this.report();
    this.findEvent();
    return outcome;
  }

  private findEvent(): void {
    this.eventS = this.statistics ? this.statistics.endS : Infinity;
    if (this.dueS < this.eventS) this.eventS = this.dueS;
  }
}
