export { compress } from './compress';
export { findFields } from './fields';
export { takeLines } from './lines';
