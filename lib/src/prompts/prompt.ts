/** A text that is run through a model. */
export interface Prompt {
  name: string;
  text: string;
}
