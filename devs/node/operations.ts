import * as ds from "@devicescript/core";
import { readSetting, writeSetting } from "@devicescript/settings";
import { ANSWER_NAMES, Answer, answerTo, rememberAnswer } from "../commands/answeredIds";
import { ConfigStore } from "../config/configStore";
import { ConfigOutcome, Configuration } from "../config/configuration";
import { Trial, TrialVerdict } from "../config/trial";
import { COMMAND_MAX_BYTES, Command, readCommand } from "../contract/command";
import { DOWN_CONFIG, DOWN_PLACE, UP_CONFIG, UP_REPLY } from "../contract/topics";
import { Bell } from "../fibers/bell";
import type { Payload } from "../mqtt/packets";
import type { PiecedBytes } from "../mqtt/piecedBytes";

/** Commands that wait while one is carried out; one more is counted as a bad message. */
const COMMANDS_MAX = 4;
/** Setting with the ids that were answered before a restart which the program made. */
const KEY_ANSWERED = "answered";
/** The commands that go on for a while. */
const GO_ON = "identify, log, update";
/** What is kept of a message that is no document: what is longer is refused. */
const SMALL_MESSAGE_BYTES = COMMAND_MAX_BYTES + 1;
/** How often the trial of a configuration is looked at. */
const LOOK_PERIOD_MS = 5000;

/** What carries commands and configurations out. */
export interface Operated {
  connected(): boolean;
  /** Publishes below the node's own topics with QoS 1; false where there is no room for it. */
  publish(leaf: string, payload: Payload, retain: boolean): boolean;
  /** Puts a part of the configuration that has changed in force. False where only a restart does. */
  applyPart(id: number): Promise<boolean>;
  /** Takes note of where the node hangs: a `PlaceMessage`, empty for nowhere. */
  hang(place: Buffer): Promise<void>;
  /** Carries a command out. Gives the reason why it is refused, or an empty text. */
  carryOut(command: Command): Promise<string>;
  /** Restarts the program once what was published is out. */
  restartFor(reason: string): void;
}

/** What the monitoring centre does to the node: configuration and commands, one at a time. */
export class Operations {
  /** Commands that were not even queued, and places that are none. */
  badMessages = 0;
  /** Errors of commands that were caught. */
  exceptions = 0;
  /** Further members of the reply in the making, a comma before each: `,"checks":[]`. */
  more = "";
  readonly store: ConfigStore;
  private readonly node: Operated;
  private readonly configuration: Configuration;
  private readonly trial = new Trial();
  private answered: number[] = [];
  private readonly bell = new Bell();
  private document: PiecedBytes | undefined;
  private place: Buffer | undefined;
  private readonly commands: Buffer[] = [];
  /** What the report that is due says of itself; empty when none is due. */
  private reportDue = "in-force";

  constructor(store: ConfigStore, node: Operated) {
    this.store = store;
    this.node = node;
    this.configuration = new Configuration(store, async () => {
      await ds.sleep(0);
    });
    if (store.leftAside) {
      this.configuration.problems = store.leftAside;
      this.reportDue = "refused";
    }
    if (store.onTrial()) this.trial.begin(ds.millis());
  }

  /** Remembers what was answered before a restart. To be called once, before the first `turn`. */
  async open(): Promise<void> {
    this.answered = (await readSetting<number[]>(KEY_ANSWERED)) || [];
  }

  /** To be called before a restart: the command for it must not be done again, should it come again. */
  async keepAnswered(): Promise<void> {
    await writeSetting(KEY_ANSWERED, this.answered);
  }

  /**
   * Takes a message of `down/config`, `down/place` or `down/command`. A command that the broker
   * keeps is none: a restart would come again at every start.
   */
  take(topic: string, payload: PiecedBytes, retained: boolean): void {
    if (topic.indexOf(DOWN_CONFIG) > 0) {
      // An empty one is the broker forgetting what it kept.
      if (payload.length > 0) this.document = payload;
    } else {
      const small = payload.beginning(SMALL_MESSAGE_BYTES);
      if (topic.indexOf(DOWN_PLACE) > 0) this.place = small;
      else if (!retained && this.commands.length < COMMANDS_MAX) this.commands.push(small);
      else this.badMessages++;
    }
    this.bell.ring();
  }

  /** Makes the operations look at once. */
  wake(): void {
    this.bell.ring();
  }

  /** Does what is there to do, then waits for more, for some seconds at most. */
  async turn(): Promise<void> {
    const { document, node, store } = this;
    if (document) {
      this.document = undefined;
      await this.applied(await this.configuration.apply(document));
      // The report comes in a turn of its own, when the document is let go of.
      return;
    }
    const { place } = this;
    if (place) {
      this.place = undefined;
      await node.hang(place);
    }
    const command = this.commands.shift();
    if (command) await this.answer(command);
    const verdict = this.trial.step(ds.millis(), node.connected());
    if (verdict === TrialVerdict.Keep) await store.keep();
    else if (verdict === TrialVerdict.RollBack) await this.rollBack();
    if (this.reportDue !== "" && node.connected()) {
      const report = await this.configuration.report(this.reportDue);
      if (node.publish(UP_CONFIG, report, true)) {
        this.reportDue = "";
        // What waits below would hold the report in memory.
        return;
      }
    }
    // What came meanwhile has rung; of several commands each has a turn of its own.
    await this.bell.wait(this.commands.length > 0 ? 0 : LOOK_PERIOD_MS);
  }

  /** Applies a part of a document that the node made. Gives the first reason why it was refused, or an empty text. */
  async applyOwn(part: PiecedBytes): Promise<string> {
    return await this.applied(await this.configuration.applyOwn(part));
  }

  private async applied(outcome: ConfigOutcome): Promise<string> {
    const { configuration } = this;
    this.reportDue = outcome === ConfigOutcome.Refused ? "refused" : "in-force";
    if (outcome === ConfigOutcome.Refused) {
      const problem = configuration.problems[0];
      return problem.path + ": " + problem.reason;
    }
    if (outcome === ConfigOutcome.Applied) {
      this.trial.begin(ds.millis());
      await this.putInForce(configuration.changes.map((change) => change.id));
    }
    return "";
  }

  private async rollBack(): Promise<void> {
    const { store } = this;
    const parts = store.parts();
    if (!(await store.rollBack())) return;
    this.reportDue = "rolled-back";
    await this.putInForce(parts);
    await this.putInForce(store.parts());
  }

  private async putInForce(parts: number[]): Promise<void> {
    let live = true;
    for (const id of parts) if (!(await this.node.applyPart(id))) live = false;
    if (!live) this.node.restartFor("configuration");
  }

  private async answer(payload: Buffer): Promise<void> {
    const command = readCommand(payload);
    const { id, name } = command;
    const before = answerTo(id, this.answered);
    if (before !== Answer.None) {
      this.reply(id, before, "", ',"repeated":true');
      return;
    }
    let { problem } = command;
    this.more = "";
    if (problem === "")
      try {
        problem = await this.node.carryOut(command);
      } catch (e) {
        this.exceptions++;
        problem = "failed: " + (e as Error).message;
      }
    let answer = Answer.Done;
    if (problem !== "") answer = Answer.Refused;
    else if (GO_ON.indexOf(name) >= 0) answer = Answer.Accepted;
    if (id !== "") rememberAnswer(id, answer, this.answered);
    this.reply(id, answer, problem, this.more);
  }

  private reply(id: string, answer: Answer, reason: string, more: string): void {
    let text = '{"id":' + JSON.stringify(id) + ',"result":"' + ANSWER_NAMES[answer] + '"';
    if (reason !== "") text += ',"reason":' + JSON.stringify(reason);
    this.node.publish(UP_REPLY, text + more + "}", false);
  }
}
