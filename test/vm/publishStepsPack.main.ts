import { spendPublishSteps } from "./publishStepsOurs";

await spendPublishSteps(5, 12);
