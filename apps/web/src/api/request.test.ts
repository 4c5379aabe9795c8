import { describe, expect, it } from 'vitest';
import { ApiProblem, problemText } from './api-problem.ts';
import { problemOf } from './request.ts';

describe('a call that failed', () => {
  it('says the words of the server as a sentence', () => {
    const body = { error: { code: 'conflict', message: 'the last owner stays' } };
    expect(problemOf(409, JSON.stringify(body))).toMatchObject({
      status: 409,
      code: 'conflict',
      message: 'The last owner stays.',
    });
  });

  it('says better words where there are some, for better-auth too', () => {
    const body = { code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid email or password' };
    expect(problemOf(401, JSON.stringify(body)).message).toBe('The email address or the password is wrong.');
    expect(problemOf(429, '<h1>Too many</h1>').message).toContain('Wait a minute');
  });

  it('says something for an answer that nobody of us wrote', () => {
    expect(problemOf(418, '').message).toBe('The server answered with the status 418.');
    expect(problemOf(502, '<html>').message).toContain('on the server');
    expect(problemOf(400, '"text"').message).toContain('400');
  });

  it('tells a network that is away from everything else', () => {
    expect(problemText(new TypeError('Failed to fetch'))).toBe(ApiProblem.unreachable().message);
    expect(problemText(new Error('no such thing'))).toBe('No such thing.');
    expect(problemText('thrown text')).toBe('Something went wrong.');
  });
});
