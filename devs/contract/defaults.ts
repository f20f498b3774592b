/**
 * What a node does without a configuration, as lines of JSON (see `jsonLine`): the sampling
 * period and the filter chain of each metric, and the sections.
 *
 * How the chains were chosen:
 * - The range is what the sensor's data sheet specifies: a value beyond it is none.
 * - The bound of the report is about half the sensor's accuracy or less: added to it in
 *   quadrature, it makes the city's curve 12 % worse than the sensor at most. Where it is
 *   more, the line says why.
 * - Swinging door where it sends at most 0.75 of a deadband's reports at the same error
 *   (particles, NO2, the sound level); deadband where there is little between them
 *   (temperature, humidity, O3) or the signal is steps (lamp), since it tells a change at
 *   once. `npm run bench` has the figures.
 * - No smoothing and no spike filter: the SEN55 gives means of a second that its makers
 *   filtered, the noise meter weights in time by standard (F), and a plume of exhaust is
 *   no wrong sample. A chip that gives single wrong values needs `spike` in its
 *   configuration.
 * - Alarms only where there is a threshold of law or health. Those are means of an hour or
 *   a day, and the node has single values: it raises when the value has been above for an
 *   hour on end, which no mean of that hour can miss, and clears as slowly. A daily mean is
 *   the city's to reckon from the reports.
 */

/**
 * The longest time between two reports. A swinging door says nothing while its line holds, so
 * what changes steadily is known this late at the latest.
 */
const DOOR = ',"heartbeatS":300}';
/** The same for a deadband, which tells each change at once: this only says "still so". */
const BAND = ',"heartbeatS":900}';
/** An alarm on a limit that is a mean of an hour or a day. */
const HOURLY = ',"raiseDelayS":3600,"clearDelayS":3600,"severity":"warning"';
const WARNING = HOURLY + "}";
const CRITICAL = ',"raiseDelayS":3600,"clearDelayS":3600,"severity":"critical"}';

/** The channels by metric, and the sections. */
// prettier-ignore
export const DEFAULTS =
  // SEN55: 0 to 1,000 ug/m3; 5 ug/m3 and 5 % for the fine ones, 25 ug/m3 for the coarse.
  // Beyond 1,000 the chip gives numbers, to no stated accuracy: here they are refused and
  // counted. For its driver they are no fault up to 5,000, for a fault would start it
  // anew, and lose its other values, in each dust storm.
  // Nobody limits PM1 and PM4, and they follow the other two: a wide band.
  '\npm1 {"periodS":10,"range":{"min":0,"max":1000},"report":{"deadband":5' + BAND + "}" +
  '\npm4 {"periodS":10,"range":{"min":0,"max":1000},"report":{"deadband":10' + BAND + "}" +
  '\npm25 {"periodS":10,"range":{"min":0,"max":1000},"report":{"swingingDoor":2' + DOOR +
    // Daily limit 25 (EU 2024/2881, annex I), cleared at the guideline 15 (WHO 2021).
    ',"alarms":[{"above":25,"clear":15' + WARNING +
    // Daily mean from which the public is alerted (EU 2024/2881, annex IV).
    ',{"above":50,"clear":40' + CRITICAL + "]}" +
  '\npm10 {"periodS":10,"range":{"min":0,"max":1000},"report":{"swingingDoor":5' + DOOR +
    // Daily limit and guideline 45 (EU 2024/2881, WHO 2021); Morocco's is 50 (decree
    // 2-09-286), so this warns before.
    ',"alarms":[{"above":45,"clear":35' + WARNING +
    // As for PM2.5. A dust storm raises it within its first hour.
    ',{"above":90,"clear":70' + CRITICAL + "]}" +
  // SEN55: 0.45 Cel, 4.5 %; -10 to 50 Cel specified, -40 to 70 for the board to say that
  // it is beyond.
  '\ntemperature {"periodS":10,"range":{"min":-40,"max":70},"report":{"deadband":0.2' + BAND + "}" +
  '\nhumidity {"periodS":10,"range":{"min":0,"max":100},"report":{"deadband":2' + BAND + "}" +
  // 15 points from one device to the next; an index is no quantity to rebuild as a line.
  '\nvocIndex {"periodS":10,"range":{"min":1,"max":500},"report":{"deadband":10' + BAND + "}" +
  '\nnoxIndex {"periodS":10,"range":{"min":1,"max":500},"report":{"deadband":10' + BAND + "}" +
  // DFRobot SEN0232: 30 to 130 dB, 1.5 dB. A vehicle lifts it by 20 dB in seconds: 3 dB
  // draw its curve. It raises no alarm: limits are for levels over hours. Off, since the
  // figures of a window tell more and cost less.
  '\nLAF {"on":false,"periodS":1,"range":{"min":30,"max":130},"report":{"swingingDoor":3' + DOOR + "}" +
  // The figures of a window, one each; 1 dB is what one just hears. 65, 60 and 55 dB by
  // day, in the evening and at night (parts of the day: 2002/49/EC, annex I); Morocco has
  // set none. No part may pass the day's, so that one holds without a clock.
  '\nLAeq {"periodS":60,"range":{"min":20,"max":140},"report":{"deadband":1' + BAND +
    ',"alarms":[{"above":65,"clear":62' + WARNING +
    ',{"above":60,"clear":57,"during":["evening"]' + WARNING +
    ',{"above":55,"clear":52,"during":["night"]' + WARNING + "]}" +
  // Single sounds make these two: they differ from minute to minute.
  '\nLAFmax {"periodS":60,"range":{"min":20,"max":140},"report":{"deadband":3' + BAND + "}" +
  '\nLAFmin {"periodS":60,"range":{"min":20,"max":140},"report":{"deadband":3' + BAND + "}" +
  '\nL10 {"periodS":60,"range":{"min":20,"max":140},"report":{"deadband":2' + BAND + "}" +
  '\nL50 {"periodS":60,"range":{"min":20,"max":140},"report":{"deadband":2' + BAND + "}" +
  '\nL90 {"periodS":60,"range":{"min":20,"max":140},"report":{"deadband":2' + BAND + "}" +
  '\nnoiseCoverage {"periodS":60,"range":{"min":0,"max":100},"report":{"deadband":5' + BAND + "}" +
  // VEML7700: 10 %, so the band is a share, down to 2 lx: dusk, when lamps are switched
  // at 15 to 70 lx, is as well resolved as noon. A bound in lx that does the same costs
  // three times the reports.
  '\nilluminance {"periodS":10,"range":{"min":0,"max":140000},"report":{"deadband":2,"deadbandPct":10' + BAND + "}" +
  // INA226, 0.1 %: far better than needed. These stand still for hours, and step when the
  // lamp is switched or fails: 2 % of a lamp of 60 W.
  '\nlampVoltage {"periodS":10,"range":{"min":0,"max":40},"report":{"deadband":0.5' + BAND + "}" +
  '\nlampCurrent {"periodS":10,"range":{"min":-10000,"max":10000},"report":{"deadband":50' + BAND + "}" +
  '\nlampPower {"periodS":10,"range":{"min":0,"max":400},"report":{"deadband":2' + BAND + "}" +
  '\nlampOn {"periodS":60,"range":{"min":0,"max":1},"report":{"deadband":0.5' + BAND + "}" +
  '\nlampEnergy {"periodS":60,"range":{"min":0,"max":1e9},"report":{"deadband":20' + BAND + "}" +
  // SCD41: 50 ppm and 2.5 %.
  '\nco2 {"periodS":10,"range":{"min":0,"max":40000},"report":{"deadband":20' + BAND + "}" +
  // Alphasense B43F: noise of 15 ppb, 28 ug/m3.
  '\nno2 {"periodS":10,"range":{"min":0,"max":2000},"report":{"swingingDoor":10' + DOOR +
    // Hourly: limit and alert 200 (EU 2024/2881, WHO, Morocco), information 150.
    ',"alarms":[{"above":150,"clear":120' + WARNING + ',{"above":200,"clear":150' + CRITICAL + "]}" +
  '\no3 {"periodS":10,"range":{"min":0,"max":2000},"report":{"deadband":10' + BAND +
    // Hourly: information 180, alert 240 (EU 2024/2881, annex IV).
    ',"alarms":[{"above":180,"clear":150' + WARNING + ',{"above":240,"clear":200' + CRITICAL + "]}" +
  // BME280: 1 hPa.
  '\npressure {"periodS":10,"range":{"min":300,"max":1250},"report":{"deadband":0.4' + BAND + "}" +
  // Made of running means, so its alarm needs no delay: poor (4) or worse, until fair (2).
  '\neaqi {"periodS":3600,"range":{"min":1,"max":6},"report":{"deadband":0.5' + BAND + ',"alarms":[{"above":3,"clear":2.5}]}' +
  '\naqi {"periodS":3600,"range":{"min":0,"max":500},"report":{"deadband":0.5' + BAND + "}" +
  // SHT4x inside the housing. The ESP32's modules are made for 85 Cel around them, and water
  // condenses on what is colder than the air: both are told before they do harm.
  '\nhousingTemperature {"periodS":60,"range":{"min":-40,"max":125},"report":{"deadband":2' + BAND +
    ',"alarms":[{"above":75,"clear":70,"raiseDelayS":600' + WARNING + "]}" +
  '\nhousingHumidity {"periodS":60,"range":{"min":0,"max":100},"report":{"deadband":5' + BAND +
    ',"alarms":[{"above":90,"clear":85,"raiseDelayS":3600' + WARNING + "]}" +
  // Of the health message; and longest wait of a reading for others to share its message with.
  '\nhealth {"periodS":900}' +
  '\nrelease {"periodS":300}' +
  // What local time is ahead of UTC: that of Morocco, but for Ramadan, when it is 0. It
  // decides when the day, the evening and the night of an alarm begin.
  '\ntime {"utcOffsetMin":60}' +
  // Length of a window, and what the housing takes from the level, to be added.
  '\nnoise {"on":true,"windowS":60,"offsetDb":0}' +
  '\nlamp {"on":true,"darkLx":8,"brightLx":100,"leastMa":50,"lowW":0,"highW":0}' +
  "\nsensors {}" +
  // 4 A and 80 mV at the most.
  '\nina226 {"shuntOhm":0.02}' +
  "\n";
