import { RECORDS_PER_PACK } from "../../devs/report/packSource";
import { spendPublishSteps } from "./publishStepsOurs";

await spendPublishSteps(1, RECORDS_PER_PACK);
