/** What a configuration may hold, as rules: see `Checker`. */
import { ALARMS_MAX, CALIBRATION_POINTS_MAX, LARGEST_VALUE, WINDOW_MAX } from "./chain";

/** A value in the metric's unit. */
const VALUE = "[-" + LARGEST_VALUE + "," + LARGEST_VALUE + "]";
/** A width in that unit; no metric has one that is as large. */
const WIDTH = "[0,1e9]";
const SOME_WIDTH = '[0,1e9,"above"]';
/** Up to a week, in seconds. */
const TIME = "[0,604800]";
const SAMPLES = "," + WINDOW_MAX + ',"an odd"]';

const STAGES =
  '"range":"range","rate":"rate","spike":"spike","calibrate":"calibrate",' +
  '"smooth":"smooth","report":"report",' +
  '"alarms":{"of":"alarm","least":0,"most":' +
  ALARMS_MAX +
  '},"statistics":"statistics"}';

const CELL = '"workingZeroMv":[0,1000],"auxiliaryZeroMv":[0,1000],"mvPerPpb":[0,10,"above"]';

/** The rules of every section, of a channel and of the stages of its filter chain. */
// prettier-ignore
export const CONFIG_RULES =
  "\nchain {" + STAGES +
  '\nchannel {"on":"bool","periodS":[0.1,86400],' + STAGES +
  '\nrange {"min":' + VALUE + ',"max":' + VALUE + "}" +
  '\nrange? [["above","max","min"]]' +
  '\nrate {"maxPerS":' + SOME_WIDTH + "}" +
  '\nrate? [["has","maxPerS"]]' +
  '\nspike {"median":[3,7,"an odd"],"hampel":"hampel"}' +
  '\nspike? [["one","median","hampel"]]' +
  '\nhampel {"window":[3' + SAMPLES + ',"k":[0,1e6,"above"]}' +
  '\nhampel? [["has","window","k"]]' +
  '\ncalibrate {"offset":' + VALUE + ',"gain":[-1e6,1e6,"a nonzero"],' +
    '"points":{"of":{"of":' + VALUE + ',"least":2,"most":2},"least":2,"most":' + CALIBRATION_POINTS_MAX + ',"rising":true},' +
    '"humidity":"humidity"}' +
  '\ncalibrate? [["alone","points","gain"],["alone","points","offset"]]' +
  // Hygroscopicity: see `HumidityDescription`.
  '\nhumidity {"kappa":[0,1.5]}' +
  '\nhumidity? [["has","kappa"]]' +
  '\nsmooth {"timeConstantS":[0,604800,"above"],"average":[2,' + WINDOW_MAX + ',"a whole"],"median":[3' + SAMPLES + "}" +
  '\nsmooth? [["one","timeConstantS","average","median"]]' +
  '\nreport {"deadband":' + WIDTH + ',"deadbandPct":[0,100],"swingingDoor":' + SOME_WIDTH + "," +
    '"shortestS":' + TIME + ',"heartbeatS":[0,604800,"above"]}' +
  '\nreport? [["alone","swingingDoor","deadband"],["alone","swingingDoor","deadbandPct"],["at least","heartbeatS","shortestS"]]' +
  '\nalarm {"above":' + VALUE + ',"below":' + VALUE + ',"clear":' + VALUE + "," +
    '"raiseDelayS":' + TIME + ',"clearDelayS":' + TIME + "," +
    '"severity":["info","warning","critical"],' +
    '"during":{"of":["day","evening","night"],"least":1,"most":3}}' +
  '\nalarm? [["one","above","below"],["has","clear"],["below","clear","above"],["above","clear","below"]]' +
  '\nstatistics {"windowS":[1,86400],"energyMean":"bool"}' +
  '\nstatistics? [["has","windowS"]]' +
  '\nhealth {"periodS":[10,86400]}' +
  '\nrelease {"periodS":[1,3600]}' +
  // From the westernmost to the easternmost zone.
  '\ntime {"utcOffsetMin":[-720,840]}' +
  '\nnoise {"on":"bool","windowS":[10,3600],"offsetDb":[-30,30]}' +
  '\nlamp {"on":"bool","darkLx":[0.1,1000],"brightLx":[1,10000],"leastMa":[1,10000],"lowW":[0,1000],"highW":[0,1000]}' +
  '\nlamp? [["below","darkLx","brightLx"],["at most","lowW","highW"]]' +
  '\nsensor {"on":"bool"}' +
  // Addresses that the part can have: see `boards/README.md`.
  '\nsht4x {"on":"bool","i2cAddress":[68,70,"a whole"]}' +
  '\nhousing {"on":"bool","i2cAddress":[68,70,"a whole"]}' +
  '\nbme280 {"on":"bool","i2cAddress":[118,119,"a whole"]}' +
  '\nbh1750 {"on":"bool","i2cAddress":[35,92,"a whole"]}' +
  '\nsen0232 {"on":"bool","i2cAddress":[72,75,"a whole"]}' +
  '\ndbm {"on":"bool","i2cAddress":[8,119,"a whole"]}' +
  // At 0.5 mOhm it measures up to 160 A, at 1 Ohm up to 80 mA.
  '\nina226 {"on":"bool","i2cAddress":[64,79,"a whole"],"shuntOhm":[0.0005,1]}' +
  '\nalphasense {"on":"bool","i2cAddress":[72,75,"a whole"],"no2":"no2Cell","ox":"oxCell"}' +
  // On certificates: zeros of 200 to 400 mV, 0.2 to 0.5 mV/ppb.
  '\nno2Cell {' + CELL + "}" +
  '\nno2Cell? [["has","workingZeroMv","auxiliaryZeroMv","mvPerPpb"]]' +
  '\noxCell {' + CELL + ',"no2MvPerPpb":[0,10]}' +
  '\noxCell? [["has","workingZeroMv","auxiliaryZeroMv","mvPerPpb","no2MvPerPpb"]]' +
  "\n";
