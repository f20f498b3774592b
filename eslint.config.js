import eslint from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", ".devicescript/", "node_modules/"] },
  eslint.configs.recommended,
  ...tseslint.configs.strict,
  {
    languageOptions: { globals: { ...globals.node } },
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // A bitwise or indexed loop reads better than its functional twin in codecs.
      "@typescript-eslint/prefer-for-of": "off",
    },
  },
  {
    // What DeviceScript does not compile, or compiles badly, is no matter of taste there.
    files: ["devs/**/*.ts", "test/shared/**/*.ts", "test/vm/*.main.ts", "test/vm/caseReporter.ts"],
    rules: {
      "no-var": "error",
      "object-shorthand": ["error", "never"],
      // Arrow functions have no 'this' there.
      "@typescript-eslint/no-this-alias": "off",
      "no-restricted-syntax": [
        "error",
        { selector: "MethodDefinition[kind=/get|set/]", message: "DeviceScript has no accessors." },
        { selector: "Literal[regex]", message: "DeviceScript has no regular expressions." },
        { selector: "TSNonNullExpression", message: "DeviceScript refuses the postfix '!'." },
        { selector: "DoWhileStatement", message: "DeviceScript has no do...while." },
      ],
    },
  },
);
