import { figure1 } from "./fig01";
import { figure2 } from "./fig02";
import { figure3 } from "./fig03";
import { figure4 } from "./fig04";
import { figure5 } from "./fig05";
import { figure6 } from "./fig06";
import { figure7 } from "./fig07";
import { figure8 } from "./fig08";
import { figure9 } from "./fig09";
import { figure10 } from "./fig10";
import { figure11 } from "./fig11";
import { figure12 } from "./fig12";
import { figure13 } from "./fig13";
import { figure14 } from "./fig14";
import { figure15 } from "./fig15";
import { figure16 } from "./fig16";
import { figure17 } from "./fig17";
import { figure18 } from "./fig18";
import { figure20 } from "./fig20";

/**
 * The one registry of the paper's figures, by number. The map in notebooks/00-start-here, the order of the report and the
 * list of `npm run figures -- --list` follow it.
 *
 * @example FIGURES[3].draw(publishedMeans("intrinsicDimension", 2, { models: ["Llama-3-8B"] })).name; // "fig03"
 */
export const FIGURES = {
  1: figure1,
  2: figure2,
  3: figure3,
  4: figure4,
  5: figure5,
  6: figure6,
  7: figure7,
  8: figure8,
  9: figure9,
  10: figure10,
  11: figure11,
  12: figure12,
  13: figure13,
  14: figure14,
  15: figure15,
  16: figure16,
  17: figure17,
  18: figure18,
  20: figure20,
} as const;
