import type { Backend } from "./backendInterface";

/** Plain JavaScript: slow, always there. */
export const cpu: Backend = {
  name: "cpu",
  async load() {
    require("@tensorflow/tfjs-backend-cpu");
  },
  device: () => "plain JavaScript, one thread",
};
