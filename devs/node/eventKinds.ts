/** What an event of the outbox is about; kept in one byte, also in flash: never renumber. */
export enum EventKind {
  SensorFault,
  SensorOk,
  AlarmRaised,
  AlarmCleared,
}
