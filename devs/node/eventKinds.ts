/** What an event of the outbox is about; kept in one byte, also in flash: never renumber. */
export enum EventKind {
  SensorFault,
  SensorOk,
  AlarmRaised,
  AlarmCleared,
  /** The subject is the number of the fault, `LampFault`. */
  LampFault,
  LampOk,
}
