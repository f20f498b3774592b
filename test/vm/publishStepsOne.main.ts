import { spendPublishSteps } from "./publishStepsOurs";

await spendPublishSteps(10, 1);
