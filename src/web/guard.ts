import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpPlan } from '../config/alloy/plan.js';

/** Whether a request for a path may be answered, by its `Authorization` header. */
export type Guard = (path: string, authorization: string | undefined) => boolean;

/** Basic authentication (RFC 7617) for the paths that a filter names by their beginnings, or for all others. */
export function createGuard(auth: HttpPlan['auth']): Guard {
  if (auth === null) return () => true;
  const { paths, authenticateMatchingPaths } = auth;
  const username = digest(Buffer.from(auth.username));
  const password = digest(Buffer.from(auth.password.reveal()));
  return (path, authorization) => {
    const isNamed = paths.some((each) => path.startsWith(each));
    if (isNamed !== authenticateMatchingPaths) return true;
    const given = readBasic(authorization);
    if (given === null) return false;
    // Of digests, so that the time says nothing of the length; and both, so that it does not say which is wrong.
    const isUser = timingSafeEqual(digest(given.username), username);
    const isPassword = timingSafeEqual(digest(given.password), password);
    return isUser && isPassword;
  };
}

function readBasic(authorization = ''): { username: Buffer; password: Buffer } | null {
  const token = /^basic +([a-z0-9+/]+=*)$/i.exec(authorization)?.[1];
  if (token === undefined) return null;
  const bytes = Buffer.from(token, 'base64');
  const colon = bytes.indexOf(':');
  return colon === -1 ? null : { username: bytes.subarray(0, colon), password: bytes.subarray(colon + 1) };
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
