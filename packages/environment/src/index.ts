export { boolean, choice, integer, list, number, seconds, secret, text, url } from './fields.js';
export { type Environment, type Problem, parseEnvironment } from './parse.js';
