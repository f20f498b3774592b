import { expect, it } from "vitest";
import { wordsOf } from "../../devs/drivers/words";

it.each([
  ["pm1 pm25 pm10", ["pm1", "pm25", "pm10"]],
  ["LAF", ["LAF"]],
  ["", [""]],
])("%j is %j, word by word", (text, words) => {
  expect(wordsOf(text)).toEqual(words);
});
