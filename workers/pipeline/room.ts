/*
 * All that a worker needs for the routes of a configuration, loaded when the first of them comes. The built-in pipeline
 * runs without it.
 */

export { loadRouteLibraries } from '../stages/libraries.js';
export { putLeftovers } from './leftover.js';
export { Route } from './route.js';
export { StreamWriter } from './streams.js';

export type Room = typeof import('./room.js');
