import { spendPublishSteps } from "./publishStepsOurs";

await spendPublishSteps(1, 48);
