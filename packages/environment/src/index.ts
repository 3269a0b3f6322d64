export {
  boolean,
  choice,
  integer,
  keyValues,
  list,
  milliseconds,
  number,
  seconds,
  secret,
  template,
  text,
  url,
} from './fields.js';
export { type Environment, isSet, type Problem, parseEnvironment } from './parse.js';
